"""Secrets in files that only their owner may read: one folder a name, one file a version."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, UsageError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: The end of the name of an empty file beside a version that is proposed only.
_PROPOSED = ".proposed"


@dataclass(frozen=True)
class FileStore:
    """Keeps version N of a value in ``root/NAME/N``, mode 0600, in folders of mode 0700.

    A new value is a new version: releases that are pinned to the old one keep it. A version that is
    proposed has an empty file ``N.proposed`` beside it, from before it is there.
    """

    root: Path

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret, or None where there is none."""
        proposed = self._numbers(name, _PROPOSED)
        versions = [number for number in self._numbers(name) if number not in proposed]
        return str(versions[-1]) if versions else None

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none.

        Raises:
            AccessError: the file may not be read.
        """
        wanted = version or self.current_version(name)
        if wanted is None:
            return None
        try:
            return Secret(self.path(name, wanted).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise AccessError(
                f"The secret {name} may not be read.",
                evidence=str(error),
                next_step="Run llmops as the user who set it.",
            ) from error

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version."""
        return self._add(name, value, is_proposed=False)

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted."""
        return self._add(name, value, is_proposed=True)

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        (self._folder(name) / f"{version}{_PROPOSED}").unlink(missing_ok=True)

    def withdraw(self, name: str, version: str) -> None:
        """Remove a proposed version."""
        # In this order, so that it is current at no moment.
        self.path(name, version).unlink(missing_ok=True)
        self.accept(name, version)

    def remove(self, name: str) -> str:
        """Remove every version of a secret."""
        folder = self._folder(name)
        if folder.is_dir():
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        return ""

    def names(self) -> tuple[str, ...]:
        """Return the names of the secrets that have a value."""
        if not self.root.is_dir():
            return ()
        folders = (folder.name for folder in self.root.iterdir() if folder.is_dir())
        return tuple(sorted(name for name in folders if self._numbers(name)))

    def path(self, name: str, version: str) -> Path:
        """Return the file of a value, for a process that reads it itself."""
        return self._folder(name) / version

    def _add(self, name: str, value: Secret, *, is_proposed: bool) -> str:
        folder = self._folder(name)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.root / ".gitignore").write_text("*\n", encoding="utf-8")
        folder.mkdir(mode=0o700, exist_ok=True)
        taken = [0, *self._numbers(name), *self._numbers(name, _PROPOSED)]
        version = str(max(taken) + 1)
        if is_proposed:
            (folder / f"{version}{_PROPOSED}").touch(mode=0o600)
        partial = folder / f".{version}.{os.getpid()}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value.reveal())
            file.flush()
            os.fsync(file.fileno())
        partial.rename(folder / version)
        return version

    def _numbers(self, name: str, end: str = "") -> list[int]:
        """Return the versions that have a file of that ending, from the oldest."""
        folder = self._folder(name)
        if not folder.is_dir():
            return []
        files = (file.name for file in folder.iterdir() if file.name.endswith(end))
        return sorted(int(bare) for file in files if (bare := file.removesuffix(end)).isdecimal())

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of a secret.",
                next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY.",
            )
        return self.root / name
