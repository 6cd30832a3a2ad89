"""Public addresses of apps: HTTPS on a port, each request to a container, by weight."""

import http.client
import select
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from tests.fakes.call import Reply
from tests.fakes.containers import Container
from tests.fakes.server import Connection, HttpsServer

#: The shares of the backends; None is one that is not there.
Shares = Sequence[tuple[int, Container | None]]
#: App Service names the client's port in X-Forwarded-For; Envoy of Container Apps does not.
Style = Literal["app-service", "envoy", "run"]
_OF_A_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_GOLDEN = 0.6180339887498949
SECONDS = 30


class Front(HttpsServer):
    """One public address."""

    def __init__(self, context: ssl.SSLContext, route: Callable[[], Shares], style: Style) -> None:
        self.route = route
        self.style = style
        self._picked = 0
        super().__init__(context, connection=Visit)

    @property
    def host(self) -> str:
        """Its name and port."""
        return f"localhost:{self.server_port}"

    def pick(self) -> Container | None:
        """Return the backend of the next request: spread evenly, and the same in every run."""
        shares = [(weight, backend) for weight, backend in self.route() if weight > 0]
        self._picked += 1
        place = (self._picked * _GOLDEN % 1) * sum(weight for weight, _ in shares)
        for weight, backend in shares:
            if place < weight:
                return backend
            place -= weight
        return None


class Visit(Connection):
    """A client's connection with a front; what comes is passed on as it comes."""

    server: Front
    #: Headers that are added to an answer.
    added: Mapping[str, str] = MappingProxyType({})

    def answer(self) -> None:
        """Pass one request on, and its answer back."""
        content = self.content()
        backend = self.server.pick()
        address = backend.address if backend else None
        if address is None:
            self.send(self._nobody(503 if backend is None else 504))
            return
        upstream = http.client.HTTPConnection(*address, timeout=SECONDS)
        try:
            upstream.request(self.command, self.path, content or None, self._headers())
            wire = upstream.sock
            answered = upstream.getresponse()
        except (OSError, http.client.HTTPException):
            upstream.close()
            self.send(self._nobody(502))
            return
        with suppress(OSError):
            self._pass_back(answered, wire)
        upstream.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def _headers(self) -> dict[str, str]:
        kept = {name: text for name, text in self.headers.items() if name.lower() not in _OF_A_HOP}
        client, port = self.client_address[:2]
        last = f"{client}:{port}" if self.server.style == "app-service" else client
        before = self.headers.get("X-Forwarded-For")
        kept = {name: text for name, text in kept.items() if not name.lower().startswith("x-forw")}
        return {
            **kept,
            "X-Forwarded-For": f"{before},{last}" if before else last,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": self.headers.get("Host", self.server.host),
        }

    def _pass_back(self, answered: http.client.HTTPResponse, wire: socket.socket) -> None:
        self.send_response_only(answered.status)
        for name, text in answered.getheaders():
            if name.lower() not in _OF_A_HOP:
                self.send_header(name, text)
        for name, text in self.added.items():
            self.send_header(name, text)
        is_bare = self.command == "HEAD" or answered.status in (204, 304)
        is_chunked = not is_bare and answered.length is None
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        while not is_bare and self._is_heard(wire, answered):
            part = answered.read1(65_536)
            if not part:
                break
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if is_chunked else part)
            self.wfile.flush()
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()

    def _is_heard(self, upstream: socket.socket, answered: http.client.HTTPResponse) -> bool:
        """Wait for more of the answer; whether the client is still there for it."""
        if answered.length is not None or _has_more(upstream, answered):
            return True
        readable, _, _ = select.select([upstream, self.connection], [], [], SECONDS)
        if upstream in readable:
            return True
        self.close_connection = True
        raise ConnectionResetError

    def _nobody(self, status: int) -> Reply:
        texts = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
        return Reply(
            status, f"<html><h1>{status} {texts[status]}</h1></html>", {"Content-Type": "text/html"}
        )


def _has_more(wire: socket.socket, answered: http.client.HTTPResponse) -> bool:
    """Whether something that was received is not read yet."""
    wire.setblocking(False)
    has_more = bool(answered.fp.peek(1))
    wire.settimeout(SECONDS)
    return has_more


@dataclass
class Fronts:
    """Opens public addresses."""

    context: ssl.SSLContext
    opened: list[Front] = field(default_factory=list)

    def open(self, route: Callable[[], Shares], *, style: Style = "envoy") -> str:
        """Open an address; ``route`` says for each request who may answer, and how often."""
        front = Front(self.context, route, style)
        self.opened.append(front)
        return front.host

    def close(self) -> None:
        """Close all."""
        for front in self.opened:
            front.close()
