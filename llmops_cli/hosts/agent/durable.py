"""Small files that are written whole or not at all, also when the power goes half-way."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Prefix of what is being written or removed; leftovers of a crash bear it.
PARTIAL = "."


def partial_of(path: Path) -> Path:
    """Return where to write what is to become ``path``: beside it, and known as unfinished."""
    return path.with_name(f"{PARTIAL}{path.name}.{os.getpid()}")


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all."""
    partial = partial_of(path)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(mode)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write a document whole or not at all."""
    write_bytes(path, json.dumps(document, indent=1).encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a document, or return None where there is none or it is not whole."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def point(link: Path, target: str) -> None:
    """Make a link point elsewhere, by one rename: whoever follows it finds the old or the new."""
    partial = partial_of(link)
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(link)
    sync_folder(link.parent)


def remove(path: Path) -> None:
    """Remove a file if there is one, so that it stays removed."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder that others may look at: all of it is gone at once."""
    doomed = partial_of(folder.with_name(f"{folder.name}-old"))
    with contextlib.suppress(FileNotFoundError):
        folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def sweep(folder: Path, *, is_shared: bool = False) -> None:
    """Remove what a crash left unfinished in a folder.

    Where others write too without the lock, only what belongs to no process any more is removed.
    """
    for leftover in folder.glob(f"{PARTIAL}*"):
        process = leftover.name.rpartition(".")[2]
        if not process.isdecimal() or (is_shared and Path("/proc", process).exists()):
            continue
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until what the folder lists is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_disk(folder: Path) -> None:
    """Wait until all that was written to the folder's disk is there: thousands of files at once."""
    subprocess.run(["sync", "--file-system", str(folder)], check=True, stdin=subprocess.DEVNULL)
