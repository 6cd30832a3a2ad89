"""HTTP on one connection: uvicorn's protocol, which knows when to close and what to wait for."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from llmops_cli.serve.openai_api.disconnect import EXTENSION
from llmops_cli.serve.openai_api.relay import DIRECT
from llmops_cli.serve.process.lateness import give_up

#: What the head of a request may have. The parser itself has no limit. Of a head that arrives in
#: one piece up to 256 KiB are read, which is what the event loop reads at once.
_MOST_HEAD_BYTES = 64 * 1024
_MOST_HEADERS = 200

_HEAD_TOO_LARGE = b"431 Request Header Fields Too Large"
_HEAD_TOO_SLOW = b"408 Request Timeout"


class _Departure:
    """Has something done when the client goes away."""

    __slots__ = ("has_happened", "then")

    def __init__(self) -> None:
        self.has_happened = False
        self.then: Callable[[], object] | None = None


class _Direct:
    """Writes a part of a chunked body that uvicorn has begun, without a coroutine for it."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol

    @property
    def is_ready(self) -> bool:
        """Whether the client is there, and reads as fast as it is written to."""
        protocol = self._protocol
        return not protocol.flow.write_paused and not protocol.transport.is_closing()

    def write(self, chunk: bytes) -> None:
        """Write one chunk (RFC 9112, 7.1)."""
        self._protocol.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))


class DrainingProtocol(HttpToolsProtocol):
    """Tells a kept-alive client to close with its next answer once the server is draining.

    The flag is set before the answer begins, so the client sees ``Connection: close`` and opens
    its next connection elsewhere; nothing is reset.
    """

    is_draining = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head that has no end is refused."""
        super().data_received(data)
        if self._is_in_head():
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
                self._refuse_head(_HEAD_TOO_LARGE)
        else:
            self._head_bytes = 0

    def on_message_begin(self) -> None:
        """Begin a request, with a place to leave word for the case that the client goes away."""
        super().on_message_begin()
        extensions = {EXTENSION: _Departure(), DIRECT: self._direct}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._direct = _Direct(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; the request that is being answered learns of it without having to ask."""
        cycle = getattr(self, "cycle", None)
        if cycle is not None and not cycle.response_complete:
            departure = cycle.scope["extensions"][EXTENSION]
            departure.has_happened = True
            if departure.then is not None:
                departure.then()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Begin a request; while draining, it is the last one of its connection."""
        if len(self.headers) > _MOST_HEADERS:
            raise ValueError("too many headers")  # which the parser answers with 400
        before = getattr(self, "cycle", None)
        super().on_headers_complete()
        if DrainingProtocol.is_draining:
            self.cycle.keep_alive = False
            if before is not None and not before.response_started:
                # This one was pipelined behind it, and is answered only if that does not close.
                before.keep_alive = True

    def awaits(self) -> object:
        """Return what the client has to send, as something that stays the same until it has.

        ``None`` says that it is not the client's turn, or that uvicorn itself watches the time.
        """
        cycle = getattr(self, "cycle", None)
        if self._is_in_head():
            # One that was begun while the answer before it is still sent may take its time.
            return self.scope if cycle is None or cycle.response_complete else None
        is_asked = cycle is not None and cycle.more_body and not cycle.response_started
        # Reading is paused while the application is not ready for more.
        return cycle if is_asked and not self.flow.read_paused else None

    def is_idle_unwatched(self) -> bool:
        """Whether nothing is under way and uvicorn has no timer for that.

        It sets one after each answer only, and stops it for whatever comes, such as the end of a
        body that nobody wanted.
        """
        cycle = getattr(self, "cycle", None)
        is_over = cycle is None or cycle.response_complete
        return is_over and not self._is_in_head() and self.timeout_keep_alive_task is None

    def give_up(self) -> None:
        """Wait no longer for what the client has to send."""
        if self._is_in_head():
            self._refuse_head(_HEAD_TOO_SLOW)
        else:
            give_up(self.cycle.scope)

    def _is_in_head(self) -> bool:
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        return self.scope is not (None if cycle is None else cycle.scope)

    def _refuse_head(self, status: bytes) -> None:
        # Behind an answer that is under way this would be taken for a part of it.
        cycle = getattr(self, "cycle", None)
        if cycle is None or cycle.response_complete:
            lines = (b"HTTP/1.1 " + status, b"content-length: 0", b"connection: close", b"", b"")
            self.transport.write(b"\r\n".join(lines))
        self.transport.close()
