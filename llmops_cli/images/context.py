"""The folder that a builder gets: a commit's files and what is put around them, always the same."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.errors import BuildError

#: When every file of an image was last changed: the first moment that a ZIP file can hold. The
#: same files then make the same layers, whenever and wherever they are built.
MOMENT = 315_532_800
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
    """Give every file the same age, and rights that depend on nothing but being executable."""
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
        os.utime(path, (MOMENT, MOMENT), follow_symlinks=False)
