"""Writes log lines to a descriptor, and neither waits for its reader for long nor fails with it."""

import logging
import os
import select
import stat

#: Bytes that fit into a pipe that says it is writable (PIPE_BUF of POSIX is at least 512, of
#: Linux and macOS 4096 or 512); more could block.
_PIECE = select.PIPE_BUF if hasattr(select, "PIPE_BUF") else 512
#: Milliseconds that a line waits for a reader that does not read. The line after a line that was
#: lost does not wait at all: the API must not stand still because its log does.
_PATIENCE = 1000


class Output(logging.Handler):
    """Writes each record as one line, in one or a few system calls.

    A line that cannot be written (nobody reads the pipe, nobody is left to read it, the disk is
    full) is lost; when writing works again, a line says how many were.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll: select.poll | None = None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLOUT)
        self._lost = 0
        self._is_cut = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; the caller holds the lock."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a wrong log call must not fail what it tells of
            self.handleError(record)
            return
        if self._lost:
            line = self._notice() + "\n" + line
        if self._written(line.encode("utf-8", "backslashreplace") + b"\n"):
            self._lost = 0
        else:
            self._lost += 1

    def _notice(self) -> str:
        words = f"{self._lost} log lines were lost: they could not be written"
        record = logging.LogRecord(__name__, logging.WARNING, "", 0, words, None, None)
        return self.format(record)

    def _written(self, data: bytes) -> bool:
        if self._is_cut:
            data = b"\n" + data
        start = 0
        try:
            while start < len(data):
                if not self._may_write():
                    break
                start += os.write(self._descriptor, data[start : start + _PIECE])
        except OSError:
            pass
        self._is_cut = (self._is_cut and start == 0) or 0 < start < len(data)
        return start == len(data)

    def _may_write(self) -> bool:
        if self._poll is None:
            return True
        return bool(self._poll.poll(0) or (not self._lost and self._poll.poll(_PATIENCE)))
