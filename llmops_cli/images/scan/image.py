"""Looks for secrets in an image: in every layer above its base, and in what the image says."""

import contextlib
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from llmops_cli.core.image import Image, Leak
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError, EngineError
from llmops_cli.images.scan.archive import Archive
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.exact import values_of
from llmops_cli.images.scan.file_search import Search
from llmops_cli.images.scan.layer import search_layer
from llmops_cli.images.scan.needles import needles_of
from llmops_cli.images.scan.rules import load_rules
from llmops_cli.images.scan.settings import Settings, settings_of

SHOWN_OF_DIGEST = len("sha256:") + 12


@dataclass(frozen=True)
class Base:
    """What an image has from its base, which is public: layers and settings."""

    layers: tuple[str, ...] = ()
    settings: frozenset[str] = frozenset()


def scan_image(
    engine: Engine,
    image: Image,
    secrets: Mapping[str, Sequence[Secret]],
    base: str | None,
    ignored: Sequence[str] = (),
) -> tuple[Leak, ...]:
    """Look for secrets in an image that the engine holds; nothing is written to disk.

    ``secrets`` has the project's own values by name: each is looked for in every byte above the
    base, also in other forms. Rules look for keys of others in the project's own files, but for
    paths that ``ignored`` names. ``base`` is the image that it was built on, whose layers are
    passed over; without one, or where the engine does not hold it, all layers are searched.

    Raises:
        BuildError: the image cannot be read.
        EngineError: the engine does not hold the image.
        PreflightError: no engine answers, or a package is missing.
    """
    reference = image.id or image.name
    below = _base(engine, base, _inspect(engine, reference))
    search = Search(values_of(needles_of(secrets)), load_rules(), tuple(ignored))
    archive = Archive(below.layers)

    def look_at(path: str, layer: tarfile.TarFile) -> None:
        search_layer(search, layer, path)

    with _saved(engine, reference) as stream:
        archive.read(stream, look_at)
    search_settings(search, settings_of(archive.configuration(), len(below.layers)), below)
    return tuple(_placed(search.leaks.all(), archive.digests(), below.layers))


def _inspect(engine: Engine, reference: str) -> Mapping[str, Any]:
    with broken("what the engine says of the image"):
        return dict(json.loads(engine.run("image", "inspect", reference))[0])


def _base(engine: Engine, base: str | None, image: Mapping[str, Any]) -> Base:
    """Return what of the image is its base's; nothing where that is not known for certain."""
    if base is None:
        return Base()
    try:
        found = _inspect(engine, base)
    except (EngineError, BuildError):
        return Base()
    layers = tuple(found["RootFS"]["Layers"])
    return base_of(image["RootFS"]["Layers"], layers, found.get("Config") or {})


def base_of(image: Sequence[str], base: Sequence[str], settings: Mapping[str, Any]) -> Base:
    """Return what an image has from its base, by the digests of the layers of both.

    Nothing where the image is not on that base.
    """
    if tuple(image[: len(base)]) != tuple(base):
        return Base()
    labels = [f"{name}={value}" for name, value in (settings.get("Labels") or {}).items()]
    return Base(tuple(base), frozenset([*(settings.get("Env") or ()), *labels]))


@contextlib.contextmanager
def _saved(engine: Engine, reference: str) -> Iterator[IO[bytes]]:
    process = engine.start("image", "save", reference)
    with process:
        try:
            yield _output(process)
        except BuildError as error:
            process.kill()
            raise _failure(engine, process) or error from error
        except BaseException:
            process.kill()
            raise
        if failure := _failure(engine, process):
            raise failure


def _output(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    if process.stdin is None or process.stdout is None:
        raise BuildError("The image cannot be read from the engine.")
    process.stdin.close()
    return process.stdout


def _failure(engine: Engine, process: "subprocess.Popen[bytes]") -> Exception | None:
    """What the engine itself said, where it failed: an archive that is cut short has a reason."""
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    if process.wait() == 0 or not said.strip():
        return None
    return engine.failure(("image save",), said)


def search_settings(search: Search, settings: Settings, below: Base) -> None:
    """Search what an image says of itself; of what its base says, for values only."""
    for setting in settings:
        with_rules = not setting.is_of_base and setting.text not in below.settings
        search.text(setting.place, setting.text, with_rules=with_rules)


def _placed(
    leaks: Sequence[Leak], digests: Mapping[str, str], below: Sequence[str]
) -> Iterator[Leak]:
    """Give leaks the digest of their layer, and drop those of the base."""
    for leak in leaks:
        digest = digests.get(leak.layer, leak.layer)
        if digest not in below:
            yield replace(leak, layer=digest[:SHOWN_OF_DIGEST])
