"""An OpenAI-compatible server that does what a test tells it, on a real socket."""

import json
import select
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 20
KEY = "upstream-key-4f0c2b9d"


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int

    @property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def messages(self) -> list[dict[str, str]]:
        return self.fields["messages"]


Act = Callable[["Handler"], None]


@dataclass
class ScriptedUpstream:
    """Plays one act for each call; without any left, it answers "Hello."."""

    base_url: str
    calls: list[Call] = field(default_factory=list)
    script: deque[Act] = field(default_factory=deque)
    #: Set when a caller has closed the connection of a call that is still being answered.
    abandoned: threading.Event = field(default_factory=threading.Event)
    #: Set when a call that hangs, or waits, has arrived.
    arrived: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def plays(self, *acts: Act) -> None:
        self.script.extend(acts)

    def reset(self) -> None:
        self.calls.clear()
        self.script.clear()
        for event in (self.abandoned, self.arrived, self.go_on):
            event.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: ScriptedUpstream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.upstream.calls.append(
            Call(self.path, dict(self.headers), body, self.client_address[1])
        )
        act = self.upstream.script.popleft() if self.upstream.script else answers("Hello.")
        act(self)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def wait_for_the_caller_to_leave(self) -> None:
        self.upstream.arrived.set()
        readable, _, _ = select.select([self.connection], [], [], SECONDS)
        if readable and not self.connection.recv(1):
            self.upstream.abandoned.set()
        self.close_connection = True


def completion(content: Any, **more: Any) -> bytes:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            **more,
        }
    ).encode()


def event(content: str) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def answers(content: Any) -> Act:
    return says(200, completion(content))


def says(status: int, body: bytes = b"{}", **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, body, {"Content-Type": "application/json", **named})


def hangs(handler: Handler) -> None:
    """Never answer."""
    handler.wait_for_the_caller_to_leave()


def hangs_up(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def waits_then_answers(content: str) -> Act:
    def act(handler: Handler) -> None:
        handler.upstream.arrived.set()
        handler.upstream.go_on.wait(SECONDS)
        answers(content)(handler)

    return act


def streams(*chunks: bytes, waits_after: int | None = None, framed: bool = True) -> Act:
    """Stream the chunks; ``waits_after`` so many, wait for ``go_on``.

    ``framed`` streams have a chunked encoding and so a visible end; the others end with the
    connection.
    """

    def act(handler: Handler) -> None:
        _begin(handler, framed=framed)
        for index, chunk in enumerate(chunks):
            if index == waits_after:
                handler.upstream.arrived.set()
                handler.upstream.go_on.wait(SECONDS)
            _write(handler, chunk, framed=framed)
        if framed:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = not framed

    return act


def dies_after(*chunks: bytes, framed: bool = True) -> Act:
    """Stream the chunks and then close the connection in the middle of the stream."""

    def act(handler: Handler) -> None:
        _begin(handler, framed=framed)
        for chunk in chunks:
            _write(handler, chunk, framed=framed)
        handler.close_connection = True

    return act


def falls_silent_after(*chunks: bytes) -> Act:
    def act(handler: Handler) -> None:
        _begin(handler, framed=True)
        for chunk in chunks:
            _write(handler, chunk, framed=True)
        handler.wait_for_the_caller_to_leave()

    return act


def _begin(handler: Handler, *, framed: bool) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    if framed:
        handler.send_header("Transfer-Encoding", "chunked")
    else:
        handler.send_header("Connection", "close")
    handler.end_headers()


def _write(handler: Handler, chunk: bytes, *, framed: bool) -> None:
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if framed else chunk)
    handler.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: callers that leave early are part of the tests."""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedUpstream]:
    """Run an upstream on a free port of the loopback address."""
    handler = type("ScriptedHandler", (Handler,), {})
    server = Server(("127.0.0.1", 0), handler)
    if tls is not None:
        # Each handshake in the thread of its connection.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if tls is None else "https"
    handler.upstream = ScriptedUpstream(f"{scheme}://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.upstream
    finally:
        handler.upstream.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
