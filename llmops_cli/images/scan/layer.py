"""Searches one layer, each file of it, also one that a later layer deletes."""

import tarfile
from collections.abc import Iterator

from llmops_cli.images.scan.archive import members
from llmops_cli.images.scan.chunks import chunks_of
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.file_search import Search


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
    # A hard link repeats a file that is in the layer already; a sparse file may be huge and empty.
    file = layer.extractfile(member) if member.isreg() else None
    if file is not None:
        yield from chunks_of(file)
