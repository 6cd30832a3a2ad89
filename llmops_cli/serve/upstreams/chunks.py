"""The chunks of a streamed answer, as soon as they come, with a sign of life in every silence."""

import asyncio
from typing import Protocol

from llmops_cli.serve.exchange import note_usage
from llmops_cli.serve.models.chat import ModelError, UpstreamAnswerError, UpstreamTimeoutError
from llmops_cli.serve.models.usage import StreamUsage
from llmops_cli.serve.upstreams.connection import BrokenAnswerError, Connection
from llmops_cli.serve.upstreams.resilience import Resilience

_BROKE_OFF = "The upstream's answer broke off"
_DONE = b"[DONE]"
#: Bytes at the end of a stream in which its last event is looked for.
_TAIL = 64


class DirectWriter(Protocol):
    """Writes to the client past all that is around a request. ``is_ready`` says whether it can."""

    @property
    def is_ready(self) -> bool: ...

    def write(self, chunk: bytes) -> None: ...


class Chunks:
    """Iterates over what an upstream streams; b"" stands for a silence of ``heartbeat`` seconds.

    Raises UpstreamTimeoutError after a silence of ``budget`` seconds, and UpstreamAnswerError when
    the upstream dies before the end.
    """

    def __init__(self, connection: Connection, resilience: Resilience, usage: StreamUsage) -> None:
        self._connection = connection
        self._resilience = resilience
        self._usage = usage
        self._first = b""
        self._tail = b""
        #: Whether the end has come.
        self.is_over = False
        #: What ended the stream early.
        self.failure: ModelError | None = None
        self._loop = asyncio.get_running_loop()
        self._silent_since = self._spoke_at = self._loop.time()

    def push_to(self, client: DirectWriter) -> None:
        """Have what comes, while the next chunk is waited for, written to the client at once.

        The iteration goes on as before: it gets the end, the failures, the silences, and what the
        client cannot take just now. But for most tokens no task has to wake up. At 40,000 tokens
        a second that is the difference between a queue and none (`python -m bench.streams`).
        """

        def push() -> bool:
            if not client.is_ready:
                return False
            part = self._taken()
            passed = self._passed(part) if part else b""
            if passed:
                client.write(passed)
            return True

        self._connection.push = push

    async def begin(self, deadline: float) -> None:
        """Wait a while for the first chunk: until it is passed on, a failure can be retried."""
        until = min(deadline, self._loop.time() + self._resilience.heartbeat)
        part = self._taken()
        while part is None:
            if not await self._connection.wait(until):
                if until == deadline:
                    raise UpstreamTimeoutError("The upstream did not answer in time")
                break
            part = self._taken()
        self.is_over = part == b""
        self._first = part or b""

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        chunk, self._first = self._first, b""
        while True:
            if chunk:
                passed = self._passed(chunk)
                if passed:
                    return passed
            if self.is_over:
                return self._last()
            part = self._taken()
            # Every token comes through here: no more coroutines than this one and the wait.
            while part is None:
                if not await self._connection.wait(self._next_sign()) and self._is_silent():
                    return b""
                part = self._taken()
            self.is_over = part == b""
            chunk = part

    def _taken(self) -> bytes | None:
        try:
            part = self._connection.taken()
        except BrokenAnswerError as error:
            raise self._failing(UpstreamAnswerError(_BROKE_OFF)) from error
        if part is not None:
            self._silent_since = self._spoke_at = self._loop.time()
        return part

    def _passed(self, chunk: bytes) -> bytes:
        if not self._connection.ends_by_itself:
            self._tail = (self._tail + chunk[-_TAIL:])[-_TAIL:]
        return self._usage.passed(chunk)

    def _next_sign(self) -> float:
        """Return when somebody has to say something: the upstream, or we in its place."""
        limit = self._silent_since + self._resilience.budget
        return min(self._spoke_at + self._resilience.heartbeat, limit)

    def _is_silent(self) -> bool:
        """Whether a sign of life is due, and not just the end of a wait that was pushed past."""
        now = self._loop.time()
        if now >= self._silent_since + self._resilience.budget:
            raise self._failing(UpstreamTimeoutError("The upstream fell silent"))
        if now < self._next_sign():
            return False
        self._spoke_at = now
        return True

    def _last(self) -> bytes:
        held = self._usage.last()
        if held:
            return held
        note_usage(self._usage.usage)
        if not self._connection.ends_by_itself and _DONE not in self._tail:
            raise self._failing(UpstreamAnswerError(_BROKE_OFF))
        raise StopAsyncIteration

    def _failing(self, error: ModelError) -> ModelError:
        self.failure = error
        return error
