"""The lock of a host: held while something is deployed, free at once when the holder is gone."""

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.agent.trouble import RefusedError


@dataclass(frozen=True)
class Lock:
    """A lock that is held: the kernel frees it with the descriptor, however we end."""

    descriptor: int

    def free(self) -> None:
        """Let others have it."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def take(path: Path, holder: str) -> Lock:
    """Take the lock and write into it who holds it.

    Raises:
        RefusedError: ``locked``, by whom is the evidence; ``missing``, there is no place for it.
    """
    lock = _open(path)
    try:
        fcntl.flock(lock.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = os.pread(lock.descriptor, 65536, 0).decode(errors="replace")
        os.close(lock.descriptor)
        raise RefusedError("The lock is held.", why="locked", evidence=text) from error
    if not _is_there(path, lock):
        os.close(lock.descriptor)
        return take(path, holder)
    # Where the disk is full, one must still be able to go back: nobody is named then.
    with contextlib.suppress(OSError):
        os.ftruncate(lock.descriptor, 0)
        os.pwrite(lock.descriptor, holder.encode(), 0)
    return lock


def _open(path: Path) -> Lock:
    try:
        return Lock(os.open(path, os.O_RDWR | os.O_CREAT, 0o644))
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"There is no {path.parent}: the host is not prepared."
        raise RefusedError(message, why="missing") from error


def _is_there(path: Path, lock: Lock) -> bool:
    """Return whether the file that we locked is still the one that others would lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.descriptor))
    except FileNotFoundError:
        return False
