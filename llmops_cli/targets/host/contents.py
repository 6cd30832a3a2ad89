"""What a release consists of on a host: files by what they hold, and packages by their locks."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.contents.app_files import put_app, requirement_texts
from llmops_cli.contents.served_code import put_served_code
from llmops_cli.core.release import Release
from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.source import open_source, run_git

#: Folders of a release: the project's files, and the API's own code.
APP, CODE = "app", "code"
#: The packages that are ours, and the project's own.
_REQUIREMENTS = ("requirements.txt", "project-requirements.txt")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Contents:
    """Where each path of a release gets its content from, and where it lists its packages.

    ``files`` maps a path to the key of its content, ``links`` to where it points; ``objects`` maps
    a key to a file of this machine that holds the content.
    """

    files: Mapping[str, str]
    links: Mapping[str, str]
    objects: Mapping[str, Path]
    requirements: tuple[str, ...] = ()

    def manifest(self) -> list[tuple[str, object]]:
        """Return what is at which path, in order."""
        found: dict[str, object] = {**self.files}
        found |= {path: {"link": points_to} for path, points_to in self.links.items()}
        return sorted(found.items(), key=lambda entry: entry[0])


@contextmanager
def collected(config: Config, directory: Path, release: Release) -> Iterator[Contents]:
    """Give what a release consists of, in files that are gone afterwards.

    Raises:
        PreflightError: the commit lacks a file that the release needs.
        BuildError: something cannot be read or written.
    """
    source = open_source(directory)
    _require_tree(directory, release)
    with _workspace() as folder:
        put_app(config, source, release, folder / APP, "release")
        (folder / CODE).mkdir()
        put_served_code(folder / CODE)
        yield read(folder, _put_requirements(folder, requirement_texts(config, source, release)))


def _put_requirements(folder: Path, texts: list[str]) -> tuple[str, ...]:
    """Write the texts into the release, so that a host that has them is not sent them again."""
    paths = []
    for name, text in zip(_REQUIREMENTS, texts, strict=False):
        (folder / CODE / name).write_text(text, encoding="utf-8")
        paths.append(f"{CODE}/{name}")
    return tuple(paths)


def read(folder: Path, requirements: tuple[str, ...]) -> Contents:
    """Read what is in a folder."""
    files, links, objects = {}, {}, {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            links[name] = str(path.readlink())
        elif path.is_file():
            files[name] = key_of(path)
            objects[files[name]] = path
    return Contents(files, links, objects, requirements)


def key_of(path: Path) -> str:
    """Return the key of a file's content: its sha256, and ``x`` where it may be executed."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            found.update(part)
    return found.hexdigest() + ("x" if path.stat().st_mode & 0o100 else "")


def _require_tree(directory: Path, release: Release) -> None:
    """See that the files of a release are here: somebody else may have deployed it."""
    try:
        run_git(directory, ["cat-file", "-e", f"{release.tree}^{{tree}}"])
    except PreflightError as error:
        raise PreflightError(
            f"The files of {release.id} are not in this repository.",
            evidence=error.evidence,
            state="Nothing was changed.",
            next_step=f"git fetch the commit {release.commit}, then run the same command again.",
        ) from error


@contextmanager
def _workspace() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="llmops-release-"))
    try:
        yield folder
    except OSError as error:
        raise BuildError(
            "The files of the release could not be put together.",
            evidence=str(error),
            state="What was serving is serving still.",
            next_step=f"Free space in {tempfile.gettempdir()}, or set TMPDIR to another folder.",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
