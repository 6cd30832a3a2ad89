"""Looks for secrets in an image that a registry holds: no engine is needed, nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmops_cli.core.image import Leak
from llmops_cli.core.secret import Secret
from llmops_cli.images.scan.archive import open_layer
from llmops_cli.images.scan.chunks import ChunkedFile
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.exact import values_of
from llmops_cli.images.scan.file_search import Search
from llmops_cli.images.scan.image import SHOWN_OF_DIGEST, Base, base_of, search_settings
from llmops_cli.images.scan.layer import search_layer
from llmops_cli.images.scan.needles import needles_of
from llmops_cli.images.scan.rules import load_rules
from llmops_cli.images.scan.settings import settings_of
from llmops_cli.registries.contents import Contents
from llmops_cli.registries.oci import Opened

#: Bytes that tell how a layer is compressed.
_START = 512


@dataclass(frozen=True)
class Wanted:
    """What is looked for: values by name, and keys of others but in the ignored files."""

    secrets: Mapping[str, Sequence[Secret]] = field(repr=False)
    ignored: Sequence[str] = ()


def scan_published(image: Opened, base: Contents | None, wanted: Wanted) -> tuple[Leak, ...]:
    """Look for secrets in every layer above the base, and in what the image says of itself.

    Without a base, or where the image is not on it, all layers are searched.

    Raises:
        BuildError: the image cannot be read.
        PreflightError: a package is missing.
    """
    contents = image.contents
    below = Base()
    if base is not None:
        settings = base.configuration.get("config") or {}
        below = base_of(contents.diff_ids, base.diff_ids, settings)
    search = Search(values_of(needles_of(wanted.secrets)), load_rules(), tuple(wanted.ignored))
    for digest in contents.layers[len(below.layers) :]:
        with broken("a layer of the image"):
            file = ChunkedFile(image.layer(digest))
            start = file.read(_START)
            search_layer(search, open_layer(start, file), digest)
            # What is after the end of the archive is verified, too.
            while file.read(_START * _START):
                pass
    search_settings(search, settings_of(contents.configuration, len(below.layers)), below)
    return tuple(_shown(search.leaks.all()))


def _shown(leaks: Sequence[Leak]) -> Iterator[Leak]:
    for leak in leaks:
        yield replace(leak, layer=leak.layer[:SHOWN_OF_DIGEST])
