"""Hosts of a new project stand for others, and are told from real ones."""

import pytest

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.placeholders import placeholders, refusal


def target(host: str, name: str = "api.example.com", **more: object) -> HostTarget:
    return HostTarget.model_validate({"hosts": [host], "server_name": name, **more})


@pytest.mark.parametrize(
    "host", ["deploy@api.example.com", "API.EXAMPLE.COM", "example.org", "gpu1.example"]
)
def test_a_name_that_is_reserved_for_documents_is_refused(host: str) -> None:
    error = refusal(target(host, "chat.shop.de"))
    assert error is not None
    assert error.evidence == f'hosts = "{host}" stands for a name of your own'
    assert "llmops.toml" in error.next_step


@pytest.mark.parametrize("host", ["deploy@shop.de", "host1", "notexample.com", "10.0.0.7"])
def test_other_names_are_hosts(host: str) -> None:
    assert placeholders(target(host, "shop.de")) == ()
    assert refusal(target(host, "shop.de")) is None


def test_the_name_that_clients_ask_counts_unless_this_machine_asks_another_address() -> None:
    assert placeholders(target("host1")) == ('server_name = "api.example.com"',)
    assert placeholders(target("host1", public_url="https://127.0.0.1:8443")) == ()
