"""Files that are to be written into a folder: what each would change, and writing them."""

import difflib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from llmops_cli.config.secret_shapes import without_secrets
from llmops_cli.errors import PreflightError


class Action(StrEnum):
    """What happens to a file. A file that differs needs a decision: overwrite it or keep it."""

    CREATE = "create"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"
    OVERWRITE = "overwrite"
    KEEP = "keep"


@dataclass(frozen=True)
class FileChange:
    """A file, by its path inside the folder, the text it is to have, and the one it has."""

    path: str
    text: str
    current: str | None
    action: Action

    @property
    def is_written(self) -> bool:
        """Whether doing this writes the file."""
        return self.action in (Action.CREATE, Action.OVERWRITE)

    @property
    def diff(self) -> str:
        """What overwriting would change, as a unified diff without secret values."""
        rows = difflib.unified_diff(
            (self.current or "").splitlines(),
            self.text.splitlines(),
            f"{self.path} (yours)",
            f"{self.path} (template)",
            lineterm="",
        )
        return without_secrets("\n".join(rows))


#: Says whether a file that differs is overwritten.
Decide = Callable[[FileChange], bool]


def plan_files(root: Path, texts: Mapping[str, str]) -> tuple[FileChange, ...]:
    """Compare the texts that are to be written with the files that are there. Only reads.

    Raises:
        PreflightError: a file cannot be read, or would land outside ``root``.
    """
    return tuple(_compare(root, path, text) for path, text in texts.items())


def decided(changes: Iterable[FileChange], decide: Decide) -> tuple[FileChange, ...]:
    """Return the changes with a decision for every file that differs."""
    return tuple(_decided(change, decide) for change in changes)


def write_files(root: Path, changes: Iterable[FileChange]) -> None:
    """Write the files that are to be written, each as a whole or not at all.

    Raises:
        PreflightError: a file cannot be written; the state names those that were.
    """
    written: list[str] = []
    for change in changes:
        if not change.is_written:
            continue
        try:
            _write(root / change.path, change.text)
        except OSError as error:
            raise PreflightError(
                f"{root / change.path} cannot be written.",
                evidence=str(error.strerror),
                state=f"Written: {', '.join(written) or 'nothing'}.",
                next_step="Free space or mend the permissions, then run llmops init again.",
            ) from error
        written.append(change.path)


def _compare(root: Path, path: str, text: str) -> FileChange:
    target = root / path
    if not _real(target).is_relative_to(_real(root)):
        raise _refusal(target, "it leads out of the project through a symbolic link")
    try:
        current = target.read_bytes()
    except FileNotFoundError:
        return FileChange(path, text, None, Action.CREATE)
    except OSError as error:
        raise _refusal(target, str(error.strerror)) from error
    action = Action.UNCHANGED if current == text.encode() else Action.DIFFERS
    return FileChange(path, text, current.decode(errors="replace"), action)


def _real(path: Path) -> Path:
    # Path.resolve raises RuntimeError where links run in a circle.
    return Path(os.path.realpath(path))


def _refusal(target: Path, why: str) -> PreflightError:
    return PreflightError(
        f"{target} cannot be a file of the project.",
        evidence=why,
        state="Nothing was written.",
        next_step=f"Move {target} away, then run llmops init again.",
    )


def _decided(change: FileChange, decide: Decide) -> FileChange:
    if change.action is not Action.DIFFERS:
        return change
    return replace(change, action=Action.OVERWRITE if decide(change) else Action.KEEP)


def _write(target: Path, text: str) -> None:
    # A link inside the project stays a link: what it points to is replaced.
    target = _real(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with partial.open("xb") as file:
            file.write(text.encode())
        if target.exists():
            shutil.copymode(target, partial)
        partial.replace(target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
