"""Searches one layer, each file of it, also one that a later layer deletes."""

import tarfile
from collections.abc import Iterator, Sequence

from llmops_cli.images.scan.archive import members
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.file_search import Search

_CHUNK = 1024 * 1024


def search_layer(search: Search, layer: tarfile.TarFile, name: str) -> None:
    """Search every file of a layer; ``name`` is what leaks call the layer.

    Raises:
        BuildError: the layer is damaged.
    """
    with broken("a layer of the image"):
        for member in members(layer):
            path = member.name.removeprefix("./")
            shown = search.file(path, _content(layer, member), name)
            # Links have no content of their own, but say where to; so may further attributes.
            for text in (member.linkname, *member.pax_headers.values()):
                if text and text != member.name:
                    search.text(f"{shown} (a link or an attribute)", str(text), name)


def _content(layer: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    # A hard link repeats a file that is in the layer already.
    if member.isreg() and layer.fileobj is not None:
        left = _written(member)
        layer.fileobj.seek(member.offset_data)
        while left > 0:
            chunk = layer.fileobj.read(min(left, _CHUNK))
            if not chunk:
                raise tarfile.ReadError("a file in a layer is cut short")
            left -= len(chunk)
            yield chunk


def _written(member: tarfile.TarInfo) -> int:
    """How many bytes of a file are in the archive: a sparse one may be huge and nearly empty."""
    parts: Sequence[tuple[int, int]] | None = getattr(member, "sparse", None)
    return member.size if parts is None else sum(length for _, length in parts)
