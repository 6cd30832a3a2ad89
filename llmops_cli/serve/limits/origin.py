"""Where a request comes from: the peer, or whom a trusted proxy says that it asks for."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.exchange import current
from llmops_cli.serve.limits.settings import Network

Address = IPv4Address | IPv6Address

#: What is looked at of an X-Forwarded-For, from its end. Chains of proxies are short.
_MOST_BYTES = 512
#: How an IPv4 peer shows at a socket that listens on IPv6 too.
_MAPPED = "::ffff:"


class Origin:
    """ASGI middleware that notes the address of the client, as a text, in the exchange.

    X-Forwarded-For is read from its end, where the nearest proxy wrote, up to the first hop that
    is no trusted proxy: all before that hop is the client's word. From a peer that is not trusted
    the header means nothing. At a Unix socket, which ``trusts_unix`` is about, a peer has no
    address of its own.
    """

    def __init__(
        self, app: ASGIApp, trusted: tuple[Network, ...], *, trusts_unix: bool = False
    ) -> None:
        self._app = app
        self._trusted = trusted
        self._trusts_unix = trusts_unix
        self._trusts = lru_cache(maxsize=1024)(self._is_trusted)
        self._nearest = lru_cache(maxsize=4096)(self._last_untrusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the address and pass the request on."""
        exchange = current.get()
        if scope["type"] == "http" and exchange is not None:
            peer = scope["client"]
            if peer is None:
                exchange.client = self._forwarded(scope) if self._trusts_unix else ""
            else:
                exchange.client = peer[0].removeprefix(_MAPPED)
                if self._trusted and self._trusts(exchange.client):
                    exchange.client = self._forwarded(scope) or exchange.client
        await self._app(scope, receive, send)

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)

    def _forwarded(self, scope: Scope) -> str:
        headers = _headers(scope["headers"])
        if headers.get(b"x-forwarded-proto") in (b"http", b"https"):
            scope["scheme"] = headers[b"x-forwarded-proto"].decode()
        hops = headers.get(b"x-forwarded-for") or headers.get(b"x-real-ip") or b""
        return self._nearest(hops[-_MOST_BYTES:])

    def _last_untrusted(self, hops: bytes) -> str:
        nearest = ""
        for hop in reversed(hops.decode("latin-1").split(",")):
            address = _address(hop)
            if address is None:
                return nearest
            nearest = str(address)
            if not self._trusts(nearest):
                return nearest
        return nearest


@lru_cache(maxsize=4096)
def network_of(client: str) -> str:
    """Return what one client can hardly change: an IPv4 address, or the /64 of an IPv6 one.

    A single host is usually given a whole /64 (RFC 6177), so that its addresses are countless.
    """
    if ":" not in client:
        return client
    return str(ip_network((client.partition("%")[0], 64), strict=False))


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers of proxies; the lines of one name are one list (RFC 9110, 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip"):
            found[name] = found[name] + b"," + value if name in found else value.strip()
    return found


def _address(text: str) -> Address | None:
    """Return the address in ``text``, which may have a port; an IPv4 one is never mapped."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
