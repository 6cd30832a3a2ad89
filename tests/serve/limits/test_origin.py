"""Only a trusted proxy may say whom it asks for, and only the nearest word counts."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.limits.origin import Origin, network_of
from llmops_cli.serve.limits.settings import read

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def client_of(
    peer: str | None, *headers: tuple[bytes, bytes], trusts_unix: bool = False
) -> tuple[str, str]:
    """Return the client that was noted, and the scheme that the application saw."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "scheme": "http",
        "headers": headers,
        "client": None if peer is None else (peer, 4711),
    }

    async def nothing(*_: Any) -> None:
        """Answer nothing."""

    exchange = Exchange("req", scope)

    async def ask() -> None:
        current.set(exchange)
        await Origin(nothing, TRUSTED, trusts_unix=trusts_unix)(scope, nothing, nothing)

    asyncio.run(ask())
    return exchange.client, scope["scheme"]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (b"203.0.113.7", "203.0.113.7"),
        (b"1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (b"203.0.113.7:51000", "203.0.113.7"),
        (b"[2001:db8::7]:51000", "2001:db8::7"),
        (b"2001:db8::7", "2001:db8::7"),
        (b"::ffff:203.0.113.7", "203.0.113.7"),
        (b"10.0.0.9, 10.0.0.2", "10.0.0.9"),
        (b"1.1.1.1, garbage, 10.0.0.2", "10.0.0.2"),
        (b"garbage", "10.0.0.1"),
        (b"\xff\xfe, ,", "10.0.0.1"),
        (b"", "10.0.0.1"),
        (b"1.1.1.1," * 9000 + b"203.0.113.7", "203.0.113.7"),
    ],
)
def test_the_last_hop_that_is_not_trusted_is_the_client(forwarded: bytes, client: str) -> None:
    assert client_of("10.0.0.1", (b"x-forwarded-for", forwarded))[0] == client


def test_the_lines_of_one_header_are_one_list() -> None:
    lines = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-for", b"10.0.0.2")]
    assert client_of("10.0.0.1", *lines)[0] == "203.0.113.7"


def test_x_real_ip_is_read_where_nothing_was_forwarded() -> None:
    assert client_of("10.0.0.1", (b"x-real-ip", b"203.0.113.7"))[0] == "203.0.113.7"


def test_a_trusted_proxy_says_which_scheme_was_used() -> None:
    assert client_of("10.0.0.1", (b"x-forwarded-proto", b"https"))[1] == "https"
    assert client_of("10.0.0.1", (b"x-forwarded-proto", b"javascript"))[1] == "http"
    assert client_of("192.0.2.1", (b"x-forwarded-proto", b"https"))[1] == "http"


@pytest.mark.parametrize("peer", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_nobody_else_is_believed(peer: str) -> None:
    said = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-real-ip", b"203.0.113.7")]
    assert client_of(peer, *said) == ("192.0.2.1", "http")


def test_a_peer_without_an_address_is_no_error() -> None:
    assert client_of(None, (b"x-forwarded-for", b"203.0.113.7"))[0] == ""


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_client_is_its_network(client: str, network: str) -> None:
    assert network_of(client) == network


def test_at_a_unix_socket_the_peer_is_believed_only_where_it_is_trusted() -> None:
    said = [(b"x-forwarded-for", b"1.1.1.1, 203.0.113.7"), (b"x-forwarded-proto", b"https")]
    assert client_of(None, *said, trusts_unix=True) == ("203.0.113.7", "https")
    assert client_of(None, trusts_unix=True) == ("", "http")
    assert client_of(None, *said) == ("", "http")
    assert client_of("192.0.2.1", *said, trusts_unix=True) == ("192.0.2.1", "http")


def test_unix_stands_in_the_list_of_proxies() -> None:
    environment = Environment({"LLMOPS_TRUSTED_PROXIES": "unix, 10.0.0.0/8"})
    limits = read(environment)
    assert (limits.trusts_unix, limits.trusted_proxies) == (True, TRUSTED[:1])
    assert not read(Environment({"LLMOPS_TRUSTED_PROXIES": "10.0.0.0/8"})).trusts_unix
    wrong = Environment({"LLMOPS_TRUSTED_PROXIES": "unix:/run/x.sock"})
    read(wrong)
    assert "or unix" in wrong.problems[0]
