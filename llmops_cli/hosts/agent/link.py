"""The connection: one thread reads questions and beats, another answers.

The connection counts as lost at the end of what comes in, after a signal to end, and, while a
lease runs, when nothing came for as long as that: who asked may be gone, and nothing tells it.
"""

import contextlib
import json
import os
import queue
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmops_cli.hosts.agent.request import Payload, Request
from llmops_cli.hosts.agent.trouble import LostError, RefusedError

_CHUNK = 256 * 1024
#: Parts of a payload that are held in memory, so that a slow disk slows the sender down.
_CHUNKS_HELD = 8
_LONGEST_LINE = 64 * 1024 * 1024
_LOOK_SECONDS = 0.5


class Link:
    """Reads from and writes to two descriptors; ``lease`` is in seconds, None while none runs."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.lost = threading.Event()
        self.lease: float | None = None
        self._incoming = incoming
        self._outgoing = outgoing
        self._woken, self._waker = os.pipe()
        self._buffer = b""
        self._came: queue.Queue[dict[str, Any] | bytes | None] = queue.Queue(_CHUNKS_HELD)
        self._enders: list[Callable[[], None]] = []
        os.set_blocking(outgoing, False)
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        self._reader.start()

    def end_on_signals(self) -> None:
        """Treat a signal to end, such as a shutdown of the host sends, as the loss of the link."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: os.write(self._waker, b"\n"))

    def close(self) -> None:
        """Read no more. The two descriptors stay open: they are not ours."""
        os.write(self._waker, b"\n")
        while self._reader.is_alive():
            # It may wait to hand over what nobody wants any more.
            with contextlib.suppress(queue.Empty):
                self._came.get(timeout=_LOOK_SECONDS / 10)
        os.close(self._woken)
        os.close(self._waker)

    def requests(self) -> Iterator[Request]:
        """Yield questions as they come, until the connection is lost."""
        while (message := self._came.get()) is not None:
            if isinstance(message, dict):
                yield self._request(message)

    def tell(self, text: str) -> None:
        """Say how it goes.

        Raises:
            LostError: nobody listens.
        """
        self._write({"told": text})

    def answer(self, answer: Mapping[str, Any]) -> None:
        """Say that it is done; errors as of `tell`."""
        self._write({"answer": answer})

    def refuse(self, error: RefusedError) -> None:
        """Say that it is not done; errors as of `tell`."""
        self._write({"refused": error.message, "evidence": error.evidence, "why": error.why})

    def check(self) -> None:
        """Do nothing, but where the connection is lost.

        Raises:
            LostError: it is.
        """
        if self.lost.is_set():
            raise LostError

    def wait(self, seconds: float) -> None:
        """Wait; errors as of `check`."""
        if self.lost.wait(seconds):
            raise LostError

    @contextlib.contextmanager
    def ended_by_loss(self, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end``, from the reading thread, when the connection is lost meanwhile."""
        self._enders.append(end)
        try:
            if self.lost.is_set():
                end()
            yield
        finally:
            self._enders.remove(end)

    def _request(self, message: dict[str, Any]) -> Request:
        details = {name: value for name, value in message.items() if name not in ("do", "bytes")}
        return Request(message["do"], details, Payload(message["bytes"], self._payload_part))

    def _payload_part(self) -> bytes:
        part = self._came.get()
        if part is None:
            # Whoever asks next shall find the end too.
            self._came.put(None)
            raise LostError
        assert isinstance(part, bytes)
        return part

    def _read(self) -> None:
        try:
            while message := self._message():
                if message["do"] == "beat":
                    continue
                self._came.put(message)
                left = message["bytes"]
                while left:
                    part = self._part(left)
                    self._came.put(part)
                    left -= len(part)
        except (LostError, OSError):
            pass
        finally:
            self.lost.set()
            for end in list(self._enders):
                end()
            self._came.put(None)

    def _message(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise LostError
            self._buffer += self._some()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return _read_message(line)

    def _part(self, most: int) -> bytes:
        data = self._buffer or self._some()
        self._buffer = data[most:]
        return data[:most]

    def _some(self) -> bytes:
        heard = time.monotonic()
        while True:
            ready, _, _ = select.select([self._incoming, self._woken], [], [], _LOOK_SECONDS)
            if self._woken in ready or (not ready and self._is_late(heard)):
                raise LostError
            if self._incoming in ready:
                with contextlib.suppress(BlockingIOError):
                    data = os.read(self._incoming, _CHUNK)
                    if not data:
                        raise LostError
                    return data

    def _is_late(self, heard: float) -> bool:
        return self.lease is not None and time.monotonic() - heard > self.lease

    def _write(self, message: Mapping[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            _, ready, _ = select.select([], [self._outgoing], [], _LOOK_SECONDS)
            if not ready:
                self.check()
                continue
            try:
                data = data[os.write(self._outgoing, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise LostError from error


def _read_message(line: bytes) -> dict[str, Any]:
    """Read a message; one that is none, the other end cannot have meant: it is not ours."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise LostError from error
    if not isinstance(message, dict) or not isinstance(message.get("do"), str):
        raise LostError
    size = message.setdefault("bytes", 0)
    if not isinstance(size, int) or size < 0:
        raise LostError
    return message
