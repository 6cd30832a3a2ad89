"""The labels of an image tell where its commit is from, and no credential."""

import pytest

from llmops_cli.images.labels import web_address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://user:hunter2@git.example.com/team/chat.git", "https://git.example.com/team/chat"),
        ("https://oauth2@git.example.com:8443/team/chat", "https://git.example.com:8443/team/chat"),
        ("git@git.example.com:team/chat.git", "https://git.example.com/team/chat"),
        ("git.example.com:team/chat", "https://git.example.com/team/chat"),
        ("ssh://git@git.example.com:2222/team/chat.git", "https://git.example.com/team/chat"),
        ("/srv/git/chat.git", ""),
        ("../chat", ""),
        ("file:///srv/git/chat.git", ""),
        ("", ""),
    ],
)
def test_a_remote_becomes_an_address_for_people(remote: str, address: str) -> None:
    assert web_address(remote) == address
