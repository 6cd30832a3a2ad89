"""One HTTP/1.1 connection to an upstream: a request goes out, an answer comes in, and again.

The general HTTP clients for Python cost a gateway more than everything else that it does
(`python -m bench.pass_through` compares them), because they make several objects and tasks for each
call. Here a parser in C (httptools) feeds one object that waits on at most one future.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

#: Bytes of an answer that wait to be read before the upstream is made to wait.
_MOST_WAITING = 256 * 1024
#: Bytes that the head of an answer may have.
_LARGEST_HEAD = 64 * 1024

Headers = list[tuple[bytes, bytes]]


class BrokenAnswerError(Exception):
    """The upstream closed the connection too early, or what it said is not HTTP."""


class Connection(asyncio.Protocol):
    """A connection, and the answer that is being read from it.

    Use it for one request at a time: `send`, then `head`, then `taken` and `wait` in turn until
    the end, or `rest` for all of it. Afterwards it is free again if ``is_reusable``; otherwise
    close it. Deadlines are times of the event loop, in seconds.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_lost: Callable[["Connection"], None]
    ) -> None:
        self.status = 0
        self.headers: Headers = []
        self.freed_at = 0.0
        self.has_been_used = False
        self._on_lost = on_lost
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._is_asking = False
        self._has_head = False
        self._head_size = 0
        self._is_framed = False
        self._is_complete = True
        self._keeps_alive = True
        self._parts: list[bytes] = []
        self._waiting = 0
        self._is_paused = False
        self._failure: BrokenAnswerError | None = None
        self._waiter: asyncio.Future[None] | None = None
        #: Takes what comes of a body while somebody waits for it, and spares the waking up. It
        #: returns False when it cannot take anything now.
        self.push: Callable[[], bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0

    @property
    def is_reusable(self) -> bool:
        """Whether the answer has been read to its end and the upstream keeps the connection."""
        return self._is_complete and self._keeps_alive and not self._parts and not self.is_closed

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    @property
    def ends_by_itself(self) -> bool:
        """Whether the end of the answer can be told from the death of the upstream."""
        return self._is_framed

    def send(self, request: bytes) -> None:
        """Write a whole request. The answer to the one before must have been read.

        Raises BrokenAnswerError when the upstream has closed the connection meanwhile.
        """
        if self._transport is None:
            raise BrokenAnswerError("the upstream closed the connection")
        self.status = 0
        self.headers = []
        self.push = None
        self._is_asking = True
        self._has_head = self._is_complete = self._is_framed = False
        self._head_size = 0
        self._transport.write(request)

    async def head(self, deadline: float) -> None:
        """Wait for status and headers. Raises TimeoutError or BrokenAnswerError."""
        while not self._has_head:
            if self._failure:
                raise self._failure
            if not await self.wait(deadline):
                raise TimeoutError

    def taken(self) -> bytes | None:
        """Return what has come of the body, b"" at its end, and None when `wait` is needed.

        Raises BrokenAnswerError.
        """
        parts = self._parts
        if not parts:
            if self._is_complete:
                return b""
            if self._failure:
                raise self._failure
            return None
        taken = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._waiting = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    async def wait(self, until: float) -> bool:
        """Wait for whatever comes next. Return False when nothing came until then."""
        self._until = until
        if self._timer is None or self._timer.when() > until:
            self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        return self._until > 0

    async def rest(self, deadline: float, *, most: int) -> bytes:
        """Return the whole body. Raises TimeoutError, or BrokenAnswerError also beyond ``most``."""
        parts: list[bytes] = []
        size = 0
        while True:
            part = self.taken()
            if part == b"":
                return parts[0] if len(parts) == 1 else b"".join(parts)
            if part is None:
                if not await self.wait(deadline):
                    raise TimeoutError
                continue
            parts.append(part)
            size += len(part)
            if size > most:
                raise BrokenAnswerError(f"the answer has more than {most} bytes")

    def close(self) -> None:
        """Give the connection up, whatever was still to come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            # Not close(): that would first send what an upstream that hangs does not read.
            self._transport.abort()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        """Time is up, unless a later wait has moved the time, as every token of a stream does."""
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._until:
            self._set_timer()
            return
        self._until = 0.0
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, why: str) -> None:
        if self._failure is None:
            self._failure = BrokenAnswerError(why)
        self._wake()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # Not asserted: uvloop's transports are none of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came. Whatever comes unasked, such as a 408 for idling, ends the connection."""
        if not self._is_asking:
            self.close()
            return
        if not self._has_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keeps_alive = False
            self._fail("the answer is not HTTP")
        if not self._has_head and self._head_size > _LARGEST_HEAD:
            self._keeps_alive = False
            self._fail(f"the head of the answer has more than {_LARGEST_HEAD} bytes")
        if self._waiting > _MOST_WAITING and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        if not self._is_pushed():
            self._wake()

    def _is_pushed(self) -> bool:
        """Whether what came has gone where it belongs; ends and failures are for who waits."""
        if self.push is None or self._waiter is None or not self._parts:
            return False
        return not self._is_complete and self._failure is None and self.push()

    def connection_lost(self, error: Exception | None) -> None:
        """End: of an answer without a length this is the end, of any other a failure."""
        self._transport = None
        self._keeps_alive = False
        if self._has_head and not self._is_framed:
            self._is_complete = True
        if not self._is_complete:
            self._fail("the upstream closed the connection")
        self._wake()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._on_lost(self)

    # What the parser calls. After the end of the answer nothing may come; if it does all the same,
    # it is not taken for a part of the answer, nor the connection for one that can be used again.

    def on_message_begin(self) -> None:
        """Begin an answer."""
        if not self._is_asking:
            self._keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if not self._is_asking:
            return
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._is_framed = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the status; after an interim one (1xx) the real head follows."""
        if not self._is_asking:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            return
        self.status = status
        self._is_framed = self._is_framed or status in (204, 304)
        self._keeps_alive = self._parser.should_keep_alive()
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self._is_asking:
            return
        self._parts.append(body)
        self._waiting += len(body)

    def on_message_complete(self) -> None:
        """Note the end of the body, unless it is the end of an interim answer."""
        if self._has_head and self._is_asking:
            self._is_complete = True
            self._is_asking = False
            self.has_been_used = True
