"""Bytes that come in chunks, as something to read from."""

import io
import itertools
import math
import tarfile
from collections.abc import Iterator
from typing import IO

from llmops_cli.images.scan.inflating import Inflating, kind_of

_CHUNK = 1024 * 1024


class ChunkedFile(io.BytesIO):
    """A file to read once from its start, which holds no more than a chunk at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end; all where no size is given."""
        wanted = math.inf if size is None or size < 0 else size
        parts: list[memoryview] = []
        while wanted > 0:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
            if not self._rest:
                break
            taken = self._rest if wanted >= len(self._rest) else self._rest[: int(wanted)]
            self._rest = self._rest[len(taken) :]
            wanted -= len(taken)
            parts.append(taken)
        return b"".join(parts)


def chunks_of(file: IO[bytes], start: bytes = b"") -> Iterator[bytes]:
    """Yield what is left of a file, after what was read of it already."""
    if start:
        yield start
    while chunk := file.read(_CHUNK):
        yield chunk


def inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks as they were before they were compressed, where they are.

    Raises:
        ReadError: they cannot be decompressed.
    """
    start = next(chunks, b"")
    kind = kind_of(start)
    if not kind:
        yield start
        yield from chunks
        return
    inflating = Inflating(kind, math.inf)
    for chunk in itertools.chain([start], chunks):
        yield from inflating.feed(chunk)
    if inflating.is_broken:
        raise tarfile.ReadError("a layer cannot be decompressed")
