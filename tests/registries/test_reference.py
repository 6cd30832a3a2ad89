"""Names of repositories mean what they mean to Docker."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.errors import ConfigError
from llmops_cli.registries.reference import Repository, parse

_WORD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
_PART = st.builds("".join, st.tuples(_WORD, st.sampled_from([".", "_", "__", "-", "--"]), _WORD))
_PATHS = st.lists(_WORD | _PART, min_size=2, max_size=4).map("/".join)
_DOMAINS = st.lists(_WORD, min_size=2, max_size=3).map(".".join)
_PORTS = st.integers(1, 65535)
_HOSTS = _DOMAINS | st.builds("{}:{}".format, _DOMAINS | st.just("localhost"), _PORTS)


@pytest.mark.parametrize(
    ("text", "host", "path"),
    [
        ("registry.example.com:5000/team/chat", "registry.example.com:5000", "team/chat"),
        ("ghcr.io/owner/chat", "ghcr.io", "owner/chat"),
        ("localhost/chat", "localhost", "chat"),
        ("localhost:5000/chat", "localhost:5000", "chat"),
        ("[::1]:5000/chat", "[::1]:5000", "chat"),
        ("chat", "docker.io", "library/chat"),
        ("team/chat", "docker.io", "team/chat"),
        ("docker.io/chat", "docker.io", "library/chat"),
        ("index.docker.io/team/chat", "docker.io", "team/chat"),
        ("Registry.Example.com/chat", "registry.example.com", "chat"),
    ],
)
def test_a_name_means_what_docker_means_by_it(text: str, host: str, path: str) -> None:
    assert parse(text) == Repository(host, path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "a//b", "Team/chat", "x.y/", "x.y:99999/a", "x.y:0/a", "a_/b", "x.y/a:tag"),
        *("a b", "https://x.y/a", "user@x.y/a", "x.y/../a", "x.y/a?b", "x.y/a\n", "a" * 256),
        "-x.y/a",
    ],
)
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text)


@given(_HOSTS, _PATHS)
def test_host_and_path_come_back_as_they_were_written(host: str, path: str) -> None:
    found = parse(f"{host}/{path}")
    assert (found.host, found.path) == (host, path)
    assert parse(str(found)) == found
    assert found.url == f"https://{host}" or found.is_loopback


@given(st.text(max_size=60))
def test_any_text_is_a_repository_that_reads_the_same_again_or_is_refused(text: str) -> None:
    try:
        found = parse(text)
    except ConfigError:
        return
    assert parse(str(found)) == found
    assert not set(found.path + found.host) & set(" @?#\n\\%")


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("127.0.0.1:5000", "http"),
        ("127.9.9.9", "http"),
        ("[::1]:5000", "http"),
        ("localhost:5000", "http"),
        ("10.0.0.5:5000", "https"),
        ("127.0.0.1.example.com", "https"),
        ("localhost.example.com", "https"),
        ("registry.localhost:5000", "https"),
    ],
)
def test_plain_http_is_for_this_machine_only(host: str, scheme: str) -> None:
    assert parse(f"{host}/chat").url == f"{scheme}://{host}"


def test_docker_hub_has_an_address_and_a_name_for_logins_of_its_own() -> None:
    hub = parse("team/chat")
    assert hub.url == "https://registry-1.docker.io"
    assert hub.login_name == "https://index.docker.io/v1/"
