"""What is inside compressed files: gzip, bzip2 and xz as they stream by, zip from memory."""

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from typing import Protocol

#: Bytes: how much of a compressed file is looked into, at most, and how much comes at once.
MOST = 512 * 1024 * 1024
LARGEST_ZIP = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_ZIP = b"PK\x03\x04"
_DEFECTS = (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError)
_ZIP_DEFECTS = (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, *_DEFECTS)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class Inflating:
    """Decompresses a stream chunk by chunk; a stream that is broken just ends, as does a bomb."""

    def __init__(self, kind: bytes, most: float = MOST) -> None:
        self._kind = kind
        self._decompressor = _open(kind)
        self._left = most
        self.is_broken = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what a chunk of the stream stands for, in chunks of bounded size."""
        has_more = bool(data)
        while has_more and self._left > 0:
            try:
                made = self._decompressor.decompress(data, _CHUNK)
                data, has_more = self._rest(is_full=len(made) == _CHUNK)
            except _DEFECTS:
                self._left, self.is_broken = 0, True
                return
            self._left -= len(made)
            if made:
                yield made

    def _rest(self, *, is_full: bool) -> tuple[bytes, bool]:
        """What is still to be decompressed, and whether there is anything to be had.

        A file may be several streams, one after the other.
        """
        if self._decompressor.eof:
            rest = self._decompressor.unused_data
            self._decompressor = _open(self._kind)
            return rest, bool(rest)
        # zlib hands back what it did not take; the others keep it.
        rest = getattr(self._decompressor, "unconsumed_tail", b"")
        return rest, bool(rest) or is_full or not getattr(self._decompressor, "needs_input", True)


def kind_of(start: bytes) -> bytes:
    """Return how a file is compressed, by how it begins; nothing where it is not."""
    kinds = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00")
    return next((kind for kind in kinds if start.startswith(kind)), b"")


def is_zip(start: bytes) -> bool:
    """Whether it begins as a zip file, as wheels and jars do."""
    return start.startswith(_ZIP)


def zip_members(content: bytes) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the names in a zip file, each with its content in chunks."""
    left = MOST
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                left -= member.file_size
                if left > 0 and not member.is_dir():
                    yield member.filename, _read(archive, member)
    except _ZIP_DEFECTS:
        return


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(member) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except _ZIP_DEFECTS:
        return


def _open(kind: bytes) -> _Decompressor:
    if kind == b"BZh":
        return bz2.BZ2Decompressor()
    if kind == b"\x1f\x8b\x08":
        return zlib.decompressobj(wbits=31)
    return lzma.LZMADecompressor()
