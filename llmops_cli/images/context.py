"""The folder that a builder gets: a commit's files and what is put around them, always the same."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import llmops_cli
from llmops_cli.errors import BuildError
from llmops_cli.images.ignoring import REFUSED, Ignored
from llmops_cli.source import Source

#: When every file of an image was last changed: the first moment that a ZIP file can hold. The
#: same files then make the same layers, whenever and wherever they are built.
MOMENT = 315_532_800
#: Folders of the context: the project's files, its models, and the API's own code.
APP = "app"
MODELS = "models"
CODE = "llmops"

_PACKAGE = Path(llmops_cli.__file__).parent


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a folder that is gone afterwards.

    Raises:
        BuildError: something could not be written into it, such as on a full disk.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="llmops-build-") as folder:
            yield Path(folder)
    except OSError as error:
        raise BuildError(
            "The files for the image could not be written.",
            evidence=str(error),
            state="What was serving is serving still.",
            next_step=f"Free space in {tempfile.gettempdir()}, or set TMPDIR to another folder.",
        ) from error


def put_commit(source: Source, tree: str, folder: Path, ignored: Ignored) -> list[str]:
    """Write the files of a tree into a new folder, less what is ignored; return their paths."""
    folder.mkdir()
    source.export(tree, folder)
    refused = Ignored(REFUSED)
    kept = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name in refused or name in ignored:
            path.unlink()
        else:
            kept.append(name)
    remove_empty(folder)
    return kept


def put_served_code(folder: Path) -> None:
    """Write the code of the embedded API, and no more of this package, into a new folder."""
    for name, content in served_code():
        path = folder / _PACKAGE.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def served_code() -> Iterator[tuple[str, bytes]]:
    """Yield the path inside the package and the content of each such file, in order."""
    served = sorted((_PACKAGE / "serve").rglob("*"))
    for path in (_PACKAGE / "__init__.py", _PACKAGE / "py.typed", *served):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_PACKAGE).as_posix(), path.read_bytes()


def level(folder: Path) -> None:
    """Give every file the same age, and rights that depend on nothing but being executable."""
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
        os.utime(path, (MOMENT, MOMENT), follow_symlinks=False)


def remove_empty(folder: Path) -> None:
    """Remove the folders below a folder that hold nothing; git knows none either."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
