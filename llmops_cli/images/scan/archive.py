"""Reads what `image save` writes, as a stream: its documents, and every layer that is wanted.

There are two layouts: that of `manifest.json`, with a folder or a file for each layer, and that of
OCI, with blobs. Newer engines write both into one archive. Neither is ever unpacked to disk.
"""

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from llmops_cli.errors import BuildError
from llmops_cli.images.scan.chunks import ChunkedFile, chunks_of, inflated
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.inflating import kind_of

#: Bytes. What is left of a buffer is copied with every header: a large one would be slow.
_BUFFER = 64 * 1024
_LARGEST_DOCUMENT = 4 * 1024 * 1024
#: Bytes; an archive that is not compressed has at least that many.
_BLOCK = 512
_ZSTD = b"\x28\xb5\x2f\xfd"

#: Takes where a layer stands in the archive, and the layer.
LookAt = Callable[[str, tarfile.TarFile], None]


@dataclass
class Archive:
    """What is known of an image as its archive goes by.

    ``below`` are the digests of the layers of the base, the lowest first; they are passed over
    where they can be told from the others in time.
    """

    below: tuple[str, ...] = ()
    documents: dict[str, bytes] = field(default_factory=dict)
    _depths: dict[str, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def read(self, stream: IO[bytes], look_at: LookAt) -> None:
        """Read to the end.

        Raises:
            BuildError: the archive is cut short, or is none.
        """
        with broken("the archive of the image"):
            outer = open_stream(stream)
            for member in members(outer):
                file = outer.extractfile(member) if member.isreg() else None
                if file is not None:
                    self._take(member, file, look_at)
                elif member.issym():
                    # A layer that the image has twice; the other one is no link.
                    self._seen.add(str(PurePosixPath(member.name)))

    def configuration(self) -> Mapping[str, Any]:
        """Return the image's configuration, with its history.

        Raises:
            BuildError: the archive holds none.
        """
        with broken("the archive of the image"):
            return dict(json.loads(self.documents[str(self._manifest()["Config"])]))

    def digests(self) -> dict[str, str]:
        """Return the digest of every layer's content, by where it stands in the archive."""
        with broken("the archive of the image"):
            layers = [str(path) for path in self._manifest()["Layers"]]
            digests = [str(each) for each in self.configuration()["rootfs"]["diff_ids"]]
            if missing := set(layers) - self._seen:
                raise KeyError(min(missing))
            return dict(zip(layers, digests, strict=True))

    def _take(self, member: tarfile.TarInfo, file: IO[bytes], look_at: LookAt) -> None:
        path = PurePosixPath(member.name)
        start = file.read(_BLOCK)
        if start[:1] in (b"{", b"[") and start[257:262] != b"ustar":
            if member.size <= _LARGEST_DOCUMENT:
                self.documents[str(path)] = start + file.read()
                self._note_depth(path)
        elif len(start) == _BLOCK or kind_of(start):
            self._seen.add(str(path))
            if not self._is_below(path):
                look_at(str(path), open_layer(start, file))

    def _note_depth(self, path: PurePosixPath) -> None:
        """In the older layout a layer's folder tells before the layer which one is below it."""
        if path.name == "json":
            parent = json.loads(self.documents.pop(str(path))).get("parent")
            depth = self._depths.get(str(parent), None if parent else -1)
            if depth is not None:
                self._depths[str(path.parent)] = depth + 1

    def _is_below(self, path: PurePosixPath) -> bool:
        depth = self._depths.get(str(path.parent), len(self.below))
        names = {digest.rpartition(":")[2] for digest in self.below}
        return depth < len(self.below) or path.name.partition(".")[0] in names

    def _manifest(self) -> Mapping[str, Any]:
        if "manifest.json" in self.documents:
            return dict(json.loads(self.documents["manifest.json"])[0])
        return self._oci_manifest(json.loads(self.documents["index.json"]))

    def _oci_manifest(self, index: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow an index, which may name further ones, to the first manifest of an image."""
        waiting = list(index["manifests"])
        while waiting:
            digest = str(waiting.pop(0)["digest"])
            document = json.loads(self.documents[_blob(digest)])
            waiting += document.get("manifests", [])
            if "layers" in document and "config" in document:
                layers = [_blob(str(layer["digest"])) for layer in document["layers"]]
                return {"Config": _blob(str(document["config"]["digest"])), "Layers": layers}
        raise KeyError("manifest")


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield what an archive holds, in order, and remember none of it.

    A large image has hundreds of thousands of files.
    """
    while (member := archive.next()) is not None:
        yield member
        vars(archive)["members"].clear()


def open_stream(stream: IO[bytes]) -> tarfile.TarFile:
    """Open an archive that can be read only once."""
    return tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER)


def open_layer(start: bytes, file: IO[bytes]) -> tarfile.TarFile:
    """Open a layer, of which ``start`` was read already, whether it is compressed or not.

    Raises:
        BuildError: it is compressed in a way that cannot be undone here.
    """
    if start.startswith(_ZSTD):
        raise BuildError(
            "A layer of the image is compressed with zstd, which cannot be searched for secrets.",
            state="Nothing was pushed.",
            next_step="Build the image with layers that are compressed with gzip, or not at all.",
        )
    return open_stream(ChunkedFile(inflated(chunks_of(file, start))))


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
