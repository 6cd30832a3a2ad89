"""The log of a release: kept below a size, read from its end, followed across releases."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: Bytes of a log and of the older part that is kept beside it.
MAX_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_FOLLOW_SECONDS = 0.1


def keep_small(path: Path, limit: int = MAX_BYTES) -> None:
    """Move a log that has grown over ``limit`` bytes aside and empty it.

    The processes append through their own descriptors, so the file is copied and cut rather than
    renamed; a line written between the two is lost.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last ``count`` lines, reading no more of the file than they need."""
    if count <= 0 or not path.exists():
        return []
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        data = b""
        while position > 0 and data.count(b"\n") <= count:
            step = min(_CHUNK, position)
            position = file.seek(position - step)
            data = file.read(step) + data
    return data.decode(errors="replace").splitlines()[-count:]


def follow(current: Callable[[], Path | None]) -> Iterator[str]:
    """Yield lines as they are written, for ever. ``current`` names the log to read now, so that
    a reader goes on with the next release when the traffic moves.
    """
    path = current()
    position = _size(path)
    while True:
        now = current()
        if now != path:
            path, position = now, 0
        elif _size(path) < position:
            position = 0
        text, position = _read_whole_lines(path, position)
        yield from text
        if not text:
            time.sleep(_FOLLOW_SECONDS)


def _read_whole_lines(path: Path | None, position: int) -> tuple[list[str], int]:
    if path is None or not path.exists():
        return [], position
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(_CHUNK * 16)
    end = data.rfind(b"\n") + 1
    return data[:end].decode(errors="replace").splitlines(), position + end


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.exists() else 0
