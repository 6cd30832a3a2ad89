"""An HTTPS server on this machine, a thread per connection."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.call import Reply


@dataclass(frozen=True)
class Incoming:
    """A request as it came; the path is as it was written, not unquoted."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def body(self) -> Any:
        """The content: of JSON the document, of a form its fields, else the bytes or None."""
        kind = self.headers.get("Content-Type", "")
        if self.content and "json" in kind:
            with suppress(ValueError):
                return json.loads(self.content)
        if "x-www-form-urlencoded" in kind:
            return dict(parse_qsl(self.content.decode(), keep_blank_values=True))
        return self.content or None


class Connection(BaseHTTPRequestHandler):
    """Reads requests from one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: "HttpsServer"

    def answer(self) -> None:
        """Answer one request; what is no answer ends the connection."""
        split = urlsplit(self.path)
        asked = Incoming(self.command, split.path, split.query, self.headers, self.content())
        self.send(self.server.asked(asked))

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Tell a client that asks before it sends its content to go on, at once."""
        is_expected = super().handle_expect_100()
        self.wfile.flush()
        return is_expected

    def content(self) -> bytes:
        """Read the content of the request."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def send(self, reply: Reply) -> None:
        """Write an answer."""
        if reply.status == 0:
            self.close_connection = True
            return
        content, kind = _content(reply.body)
        headers = {"Content-Length": str(len(content)), **reply.headers}
        if content:
            headers.setdefault("Content-Type", kind)
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is in the cloud's records."""


class HttpsServer(ThreadingHTTPServer):
    """Serves until it is closed, and then drops its connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        context: ssl.SSLContext,
        asked: Callable[[Incoming], Reply] | None = None,
        connection: type[BaseHTTPRequestHandler] = Connection,
    ) -> None:
        super().__init__(("127.0.0.1", 0), connection)
        self._context = context
        self._asked = asked
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def asked(self, request: Incoming) -> Reply:
        """Answer a request."""
        assert self._asked is not None
        return self._asked(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, in a thread of its own."""
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as secured:
            self._open.add(secured)
            try:
                self.RequestHandlerClass(secured, client_address, self)
            finally:
                self._open.discard(secured)

    def close(self) -> None:
        """Stop, and drop whoever is connected still."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.drop()

    def drop(self) -> None:
        """Drop whoever is connected."""
        for connected in list(self._open):
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _content(body: Any) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body).encode(), "application/json; charset=utf-8"
