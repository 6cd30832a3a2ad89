"""Volumes of an engine, filled and read through containers that are made and never started.

It works the same with an engine on this machine, on another one, and behind SSH: no folder of
either machine is mounted, and nothing is published or pulled.
"""

import contextlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError, LlmopsError

#: An image without a file, made here where the engine has none yet.
EMPTY_IMAGE = "llmops/empty:1"
#: The label of a container that fills a volume; until it is gone, the volume is not complete.
WRITING = "llmops.writing"
_TAKEN = "is already in use by container"
_NO_IMAGE = "No such image"
_NO_CONTAINER = "No such container"
#: What `docker cp -` says of the root of a container that is not there.
_NO_FOLDER = "must be a directory"
_NO_FILE = ("Could not find the file", "no such file or directory")


@dataclass(frozen=True)
class Entry:
    """A file for a volume, or a folder where ``data`` is None."""

    path: str
    data: bytes | None
    mode: int = 0o444
    owner: int = 0


@dataclass(frozen=True)
class Mounted:
    """A volume in a container: its name and its folder. ``labels`` are for one that is new."""

    volume: str
    folder: str
    labels: Mapping[str, str]
    read_only: bool = False


class TakenError(Exception):
    """A container of that name is there already."""


class GoneError(Exception):
    """There is no container of that name."""


def make_container(
    engine: Engine, labels: Mapping[str, str], mounts: Sequence[Mounted] = (), name: str = ""
) -> str:
    """Make a container that is never started, and return its id.

    Raises:
        TakenError: there is one of that name. To make one is atomic, so a name is a lock.
        LlmopsError: the engine refuses.
    """
    words = ["create", "--pull", "never", *(("--name", name) if name else ()), "--network", "none"]
    for label in labels.items():
        words += ["--label", "=".join(label)]
    for mount in mounts:
        words += ["--mount", _mount(mount)]
    words += [EMPTY_IMAGE, "never-started"]
    try:
        try:
            return engine.run(*words).decode().strip()
        except EngineError as error:
            if _NO_IMAGE not in error.evidence:
                raise
            engine.run("import", "-", EMPTY_IMAGE, input=archive("", ()))
            return engine.run(*words).decode().strip()
    except EngineError as error:
        if _TAKEN in error.evidence:
            raise TakenError(name) from error
        raise


def fill(engine: Engine, volume: str, entries: Sequence[Entry], labels: Mapping[str, str]) -> None:
    """Make a volume with these files, whole or not at all.

    Raises:
        TakenError: somebody is writing it, or was killed while writing it.
    """
    mount = Mounted(volume, "/volume", labels)
    writing = {**labels, WRITING: volume}
    writer = make_container(engine, writing, (mount,), name=f"{volume}.writing")
    try:
        put(engine, writer, "/volume", entries)
    except BaseException:
        with contextlib.suppress(LlmopsError):
            engine.run("rm", writer)
            engine.run("volume", "rm", volume)
        raise
    engine.run("rm", writer)


def abandoned(engine: Engine, volume: str) -> None:
    """Remove a volume that somebody began to write and did not finish."""
    for words in (("rm", f"{volume}.writing"), ("volume", "rm", volume)):
        with contextlib.suppress(EngineError):
            engine.run(*words)


def read(engine: Engine, volume: str, path: str, labels: Mapping[str, str]) -> bytes | None:
    """Return a file of a volume that exists; None where it lacks the file."""
    mount = Mounted(volume, "/volume", {}, read_only=True)
    reader = make_container(engine, labels, (mount,))
    try:
        return get(engine, reader, f"/volume/{path}")
    finally:
        engine.run("rm", reader)


def put(engine: Engine, container: str, folder: str, entries: Sequence[Entry]) -> None:
    """Write files into a container's folder, running or not, in the place of those there.

    Raises:
        GoneError: there is no such container.
    """
    try:
        engine.run("cp", "-", f"{container}:/", input=archive(folder, entries))
    except EngineError as error:
        if _NO_CONTAINER in error.evidence or _NO_FOLDER in error.evidence:
            raise GoneError(container) from error
        raise


def get(engine: Engine, container: str, path: str) -> bytes | None:
    """Return a file of a container; None where there is no such file.

    Raises:
        GoneError: there is no such container.
    """
    try:
        packed = engine.run("cp", f"{container}:{path}", "-")
    except EngineError as error:
        if _NO_CONTAINER in error.evidence:
            raise GoneError(container) from error
        if any(words in error.evidence for words in _NO_FILE):
            return None
        raise
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                return file.read()
    return None


def volume_names(engine: Engine, labels: Mapping[str, str]) -> set[str]:
    """Return the volumes that bear the labels and are complete."""
    filters = [word for item in labels.items() for word in ("--filter", "label=" + "=".join(item))]
    named = set(engine.run("volume", "ls", "--quiet", *filters).decode().split())
    return named - being_written(engine, filters) if named else named


def being_written(engine: Engine, filters: Sequence[str]) -> set[str]:
    """Return the volumes that somebody writes, or was killed while writing."""
    form = f'{{{{.Label "{WRITING}"}}}}'
    words = ("--all", "--filter", f"label={WRITING}", *filters, "--format", form)
    return set(engine.run("ps", *words).decode().split())


def archive(folder: str, entries: Sequence[Entry]) -> bytes:
    """Pack entries below a folder as a tar."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for entry in entries:
            info = tarfile.TarInfo(f"{folder.strip('/')}/{entry.path}".rstrip("/."))
            info.mode, info.uid, info.gid = entry.mode, entry.owner, entry.owner
            info.type = tarfile.DIRTYPE if entry.data is None else tarfile.REGTYPE
            info.size = len(entry.data or b"")
            tar.addfile(info, io.BytesIO(entry.data or b""))
    return packed.getvalue()


def _mount(mount: Mounted) -> str:
    parts = ["type=volume", f"source={mount.volume}", f"target={mount.folder}", "volume-nocopy"]
    parts += ["readonly"] if mount.read_only else []
    # A label's value may hold a comma; the option is a line of CSV.
    parts += [f'"volume-label={name}={value}"' for name, value in mount.labels.items()]
    return ",".join(parts)
