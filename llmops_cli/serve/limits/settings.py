"""The settings of what one caller, or all callers together, may ask of the API."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from llmops_cli.serve.environment import Environment

Network = IPv4Network | IPv6Network

#: 1 MiB: a conversation of some 200,000 words.
MAX_BODY_BYTES = 1024 * 1024
#: Wrong credentials in a minute from one address: more than anybody mistypes, too few to guess by.
FAILED_AUTH_LIMIT = 30
#: Requests to models under way at once. Each takes some 50 KB and a connection of its upstream.
MAX_CONCURRENT = 1000
QUEUE_SIZE = 100
#: Callers that wait longer than this have often given up themselves.
QUEUE_SECONDS = 5.0

_TRUSTED = "LLMOPS_TRUSTED_PROXIES"
#: Stands in the list of proxies for whoever connects at a Unix socket.
_UNIX = "unix"


@dataclass(frozen=True)
class LimitsSettings:
    """How much is too much. 0 turns a limit off, except for ``max_body_bytes`` and the queue's.

    ``requests_per_minute`` is one caller's allowance, ``failed_auth_per_minute`` what one address
    may get wrong. ``max_concurrent`` requests are worked on at once; ``queue_size`` more wait for
    at most ``queue_seconds``. Only the networks in ``trusted_proxies``, and with ``trusts_unix``
    whoever is let in at a Unix socket, are believed when they say for whom they ask.
    """

    max_body_bytes: int = MAX_BODY_BYTES
    requests_per_minute: int = 0
    failed_auth_per_minute: int = FAILED_AUTH_LIMIT
    max_concurrent: int = MAX_CONCURRENT
    queue_size: int = QUEUE_SIZE
    queue_seconds: float = QUEUE_SECONDS
    trusted_proxies: tuple[Network, ...] = ()
    trusts_unix: bool = False


def read(environment: Environment) -> LimitsSettings:
    """Read LLMOPS_MAX_BODY_BYTES, _RATE_LIMIT, _FAILED_AUTH_LIMIT, _MAX_CONCURRENT and the rest."""
    believed = [part.strip() for part in environment.text(_TRUSTED).split(",") if part.strip()]
    return LimitsSettings(
        max_body_bytes=environment.integer(
            "LLMOPS_MAX_BODY_BYTES", MAX_BODY_BYTES, lowest=1024, highest=512 * 1024 * 1024
        ),
        requests_per_minute=environment.integer(
            "LLMOPS_RATE_LIMIT", 0, lowest=0, highest=1_000_000
        ),
        failed_auth_per_minute=environment.integer(
            "LLMOPS_FAILED_AUTH_LIMIT", FAILED_AUTH_LIMIT, lowest=0, highest=1_000_000
        ),
        max_concurrent=environment.integer(
            "LLMOPS_MAX_CONCURRENT", MAX_CONCURRENT, lowest=0, highest=100_000
        ),
        queue_size=environment.integer("LLMOPS_QUEUE_SIZE", QUEUE_SIZE, lowest=0, highest=100_000),
        queue_seconds=environment.seconds("LLMOPS_QUEUE_SECONDS", QUEUE_SECONDS, highest=300),
        trusted_proxies=_networks(environment, believed),
        trusts_unix=_UNIX in believed,
    )


def _networks(environment: Environment, believed: list[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text) for text in believed if text != _UNIX)
    except ValueError:
        rule = "must be addresses or networks such as 10.0.0.0/8, or unix, with commas"
        environment.refuse(_TRUSTED, rule)
        return ()
