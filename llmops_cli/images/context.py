"""The folder that a builder gets: a commit's files and what is put around them, always the same."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.errors import BuildError

#: The earliest moment at which files of an image were changed: the first that a ZIP file can hold.
MOMENT = 315_532_800
#: Seconds after it that a file's contents choose from; the last is long past.
_SPAN = 1 << 30
#: Folders of the context: the project's files, its models, and the API's own code.
APP = "app"
MODELS = "models"
CODE = "llmops"


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


def level(folder: Path) -> None:
    """Give every file an age by its contents, and rights by nothing but being executable.

    The same files then make the same layers, whenever and wherever they are built. One age for all
    would not do: BuildKit takes a file of the same path, size and age for the one that it got with
    the build before, and would put the old contents into the image.
    """
    for path in [*folder.rglob("*"), folder]:
        moment = MOMENT
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
            moment += 0 if path.is_dir() else _chosen(path)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _chosen(path: Path) -> int:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return int.from_bytes(digest[:8]) % _SPAN
