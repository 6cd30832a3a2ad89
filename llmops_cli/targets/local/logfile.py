"""The log of a release: kept below a size, read from its end, followed across releases."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

#: Bytes of a log and of the older part that is kept beside it.
MAX_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_LINE = 1024 * 1024
_FOLLOW_SECONDS = 0.1


def keep_small(path: Path, limit: int = MAX_BYTES) -> None:
    """Move a log that has grown over ``limit`` bytes aside and empty it.

    The processes append through their own descriptors, so the file is copied and cut rather than
    renamed; a line written between the two is lost.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def ends(folder: Path) -> dict[Path, int]:
    """Return how long each log of a folder is now, in bytes."""
    return {path: path.stat().st_size for path in folder.glob("*.log")}


def last_lines(path: Path, count: int, end: int | None = None) -> list[str]:
    """Return the last ``count`` lines before byte ``end``, reading no more than they need."""
    if count <= 0 or not path.exists():
        return []
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END) if end is None else end
        chunks: list[bytes] = []
        found = 0
        while position > 0 and found <= count:
            step = min(_CHUNK, position)
            position = file.seek(position - step)
            chunks.append(file.read(step))
            found += chunks[-1].count(b"\n")
    return b"".join(reversed(chunks)).decode(errors="replace").splitlines()[-count:]


def follow(current: Callable[[], Path | None], positions: Mapping[Path, int]) -> Iterator[str]:
    """Yield lines as they are written, for ever.

    ``current`` names the log to read now, so that a reader goes on with the next release when the
    traffic moves; ``positions`` are the bytes of each log that are not to be read again.
    """
    read = dict(positions)
    while True:
        path = current()
        lines = _new_lines(path, read) if path is not None and path.exists() else []
        yield from lines
        if not lines:
            time.sleep(_FOLLOW_SECONDS)


def _new_lines(path: Path, read: dict[Path, int]) -> list[str]:
    position = read.get(path, 0)
    if path.stat().st_size < position:
        position = 0
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(_LONGEST_LINE)
    # A line that is longer still is passed on in parts, so that nobody waits behind it.
    end = data.rfind(b"\n") + 1 or (len(data) if len(data) == _LONGEST_LINE else 0)
    read[path] = position + end
    return data[:end].decode(errors="replace").splitlines()
