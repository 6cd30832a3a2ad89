"""Real servers on real sockets: one that does everything right, and every way to do it wrong."""

import contextlib
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sentinel-key-3f9a0b7c5d"
RELEASE = "0123456789ab"


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    """An answer. A body of several pieces is sent piece by piece, chunked."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Asked], Reply]
Raw = Callable[[socket.socket, bytes], None]


def as_json(document: object, status: int = 200, **headers: str) -> Reply:
    body = json.dumps(document).encode()
    return Reply(status, body, {"content-type": "application/json", **headers})


@dataclass
class Server:
    """Where a server listens, and what it was asked."""

    url: str
    asked: list[Asked]

    def count(self, path: str) -> int:
        return sum(one.path == path for one in self.asked)


@contextlib.contextmanager
def serving(route: Route, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve HTTP with one function for everything."""
    asked: list[Asked] = []

    class Handler(_Handler):
        def answer(self, one: Asked) -> Reply:
            asked.append(one)
            return route(one)

    class Quiet(_Quiet, ThreadingHTTPServer):
        pass

    with _running(Quiet(("127.0.0.1", 0), Handler), tls) as url:
        yield Server(url, asked)


@contextlib.contextmanager
def behaving(raw: Raw) -> Iterator[str]:
    """Serve whatever ``raw`` does with each connection and the head of its first request."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            seen = b""
            while b"\r\n\r\n" not in seen:
                got = self.request.recv(65536)
                if not got:
                    return
                seen += got
            raw(self.request, seen)

    class Raws(_Quiet, socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with _running(Raws(("127.0.0.1", 0), Handler), None) as url:
        yield url


class _Quiet:
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has heard enough is what these servers are for."""


@contextlib.contextmanager
def _running(server: socketserver.TCPServer, tls: ssl.SSLContext | None) -> Iterator[str]:
    if tls:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, one: Asked) -> Reply:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._reply(self.answer(self._asked()))

    do_POST = do_GET  # noqa: N815 - the name that the standard library calls

    def log_message(self, *_: object) -> None:
        pass

    def version_string(self) -> str:
        return "test"

    def _asked(self) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Asked(self.command, self.path, headers, body)

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        # HTTP/1.0, which nginx speaks to its upstreams by default, has no chunks.
        is_old = self.request_version == "HTTP/1.0"
        name, value = ("connection", "close") if is_old else ("transfer-encoding", "chunked")
        self.send_header(name, value)
        self.end_headers()
        for piece in reply.body:
            self.wfile.write(piece if is_old else b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"" if is_old else b"0\r\n\r\n")
