"""A proxy before a registry: it notes every request, and fails where a test tells it to."""

import http.client
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

#: The connection ends with a reset: the other side sees that it was cut, and not a polite end.
_RESET = struct.pack("ii", 1, 0)
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass
class Fault:
    """What happens instead, to requests whose ``METHOD /path`` fits, for so many ``times``.

    With ``status`` that is answered; else the connection is cut after ``after`` bytes of the body.
    """

    pattern: str
    times: int = 1
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int = 0

    def fits(self, request: str) -> bool:
        return self.times > 0 and re.search(self.pattern, request) is not None


@dataclass(frozen=True)
class Seen:
    """A request that came through: its first words, headers in lower case, bytes of its body."""

    request: str
    headers: Mapping[str, str]
    length: int


class FaultyProxy(ThreadingHTTPServer):
    """Hands on to a registry on this machine; ``alter`` changes the answers to what fits it."""

    daemon_threads = True

    def __init__(self, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        #: Pattern of a request to what replaces its answer: headers that are set, and the body.
        self.lies: list[tuple[str, Mapping[str, str], bytes | None]] = []
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def requests(self) -> list[str]:
        return [seen.request for seen in self.seen]

    def uploaded(self) -> int:
        """Bytes of layers and configurations that were sent to the registry."""
        return sum(seen.length for seen in self.seen if "/blobs/uploads/" in seen.request)

    def fault(self, request: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.fits(request):
                    fault.times -= 1
                    return fault
        return None

    def __enter__(self) -> "FaultyProxy":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients come and go; that is no trouble of the proxy."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def forward(self) -> None:
        request = f"{self.command} {self.path}"
        fault = self.server.fault(request)
        if fault and not fault.status:
            self._cut(fault.after)
            return
        body = _body(self.rfile, self.headers)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(request, headers, len(body)))
        if fault:
            self._answer(fault.status, fault.headers, fault.body)
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=30)
        try:
            sent = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
            has_body = self.command in ("POST", "PUT", "PATCH")
            upstream.request(self.command, self.path, body if has_body else None, sent)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
        if self.command == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length", "0")
        for pattern, lie, other in self.server.lies:
            if re.search(pattern, request):
                kept = {k: v for k, v in kept.items() if k.lower() not in lie}
                kept |= {k: v for k, v in lie.items() if v}
                content = content if other is None else other
        self._answer(answer.status, kept, content)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method of HTTP is handed on in one way."""
        if name.startswith("do_"):
            return self.forward
        raise AttributeError(name)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name in headers):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self, after: int) -> None:
        remaining = after
        while remaining > 0 and (chunk := self.rfile.read1(remaining)):
            remaining -= len(chunk)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with suppress(OSError):  # It was cut.
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if headers.get("Transfer-Encoding") != "chunked":
        return stream.read(int(headers.get("Content-Length") or 0))
    parts: list[bytes] = []
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        parts.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(parts)
