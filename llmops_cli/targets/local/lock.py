"""One deploy at a time: a lease that the kernel ends with the process that holds it."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError
from llmops_cli.targets.holding import told, written

#: Seconds that a holder gets to write who it is, and between two looks.
_TELLING_SECONDS, _POLL_SECONDS = 0.5, 0.02


@contextlib.contextmanager
def held(path: Path, holder: Holder) -> Iterator[None]:
    """Hold the lock file, with the holder's name in it for others to read.

    A killed holder leaves no stale lock: the kernel releases it, and what is written in the file
    does not count unless the file is locked.

    Raises:
        LockedError: somebody else holds it; the error says who, since when, and doing what.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _locked(path) from error
        file.truncate(0)
        file.write(written(holder))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _locked(path: Path) -> LockedError:
    evidence = _told(path)
    deadline = time.monotonic() + _TELLING_SECONDS
    while not evidence and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        evidence = _told(path)
    return LockedError(
        "Another deploy holds the lock.",
        evidence=evidence or "Its holder has just begun or is just ending.",
        state="Nothing was changed by this one.",
        next_step="Wait for it to end, or end that process; its lock goes with it.",
    )


def _told(path: Path) -> str:
    """Return what the holder says of itself; nothing while it has not written it yet."""
    return told(path.read_text(encoding="utf-8"), datetime.now(UTC))
