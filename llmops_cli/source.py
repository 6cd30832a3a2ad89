"""Git: which commit this is, what is not committed, and the files of a release."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from llmops_cli.errors import BuildError, PreflightError

#: Set by git for its hooks; they would point our commands at the wrong repository or index.
_GIT_VARIABLES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE"),
    *("GIT_GRAFT_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE"),
)


@dataclass(frozen=True)
class Commit:
    """A commit, and the tree of the project's folder in it."""

    sha: str
    tree: str
    committed_at: datetime
    subject: str


@dataclass(frozen=True)
class Source:
    """The git repository that holds a project; ``prefix`` is the project's folder in it."""

    directory: Path
    top: Path
    prefix: str

    def commit(self, reference: str = "HEAD") -> Commit:
        """Read a commit.

        Raises:
            PreflightError: the reference names no commit, or the commit lacks the folder.
        """
        try:
            shown = ("-1", "--no-show-signature", "--format=%H%x00%cI%x00%s")
            text = self._git("log", *shown, "--end-of-options", reference)
        except PreflightError as error:
            raise PreflightError(
                f"Git knows no commit {reference!r} here.",
                evidence=error.evidence,
                state="Nothing was changed.",
                next_step='git add . && git commit -m "First commit"',
            ) from error
        sha, committed_at, subject = text.split("\0")
        tree = self._git("rev-parse", f"{sha}:{self.prefix}")
        return Commit(sha, tree, datetime.fromisoformat(committed_at), subject.strip())

    def uncommitted(self) -> tuple[str, ...]:
        """Return the paths below the project's folder that differ from the commit."""
        # Between NULs git quotes nothing, whatever a name holds.
        listing = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        text = self._git(*listing, "--", ".")
        return tuple(entry[3:] for entry in text.split("\0") if entry)

    def snapshot(self) -> str:
        """Return the tree of the working files as they are, without touching the index."""
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            current = Path(self._git("rev-parse", "--path-format=absolute", "--git-path", "index"))
            if current.exists():
                shutil.copy(current, index)
            variables = {"GIT_INDEX_FILE": str(index)}
            self._git("add", "--all", "--", ".", variables=variables)
            tree = self._git("write-tree", variables=variables)
        return self._git("rev-parse", f"{tree}:{self.prefix}")

    def export(self, tree: str, destination: Path) -> None:
        """Write the files of a tree into an existing folder.

        Raises:
            BuildError: the files cannot be read from the repository, or cannot be written.
        """
        # From a folder of the work tree git would look for that folder inside the tree.
        command = ["git", "-C", str(self.top), "archive", "--format=tar", tree]
        try:
            with (
                tempfile.TemporaryFile() as said,
                subprocess.Popen(
                    command, env=_environment(), stdout=subprocess.PIPE, stderr=said
                ) as archive,
            ):
                _extract(archive, destination, said)
        except tarfile.FilterError as error:
            raise BuildError(
                "The commit holds a file that would lie outside of its release.",
                evidence=str(error),
                state="What was serving is serving still.",
                next_step="Remove that file or link from the repository, and commit.",
            ) from error
        except (OSError, tarfile.TarError) as error:
            raise BuildError(
                "The files of the commit could not be written.",
                evidence=f"{destination}: {error}",
                state="What was serving is serving still.",
                next_step="Free space or mend the permissions, then deploy again.",
            ) from error

    def read(self, tree: str, path: str) -> str | None:
        """Return a text file of a tree, or None where there is none."""
        try:
            return self._git("cat-file", "blob", f"{tree}:{path}")
        except PreflightError:
            return None

    def _git(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        output = run_git(self.directory, list(arguments), variables)
        return output.decode(errors="replace").strip("\n")


def open_source(directory: Path) -> Source:
    """Find the repository that holds a project's folder.

    Raises:
        PreflightError: git is missing, or the folder is in no repository.
    """
    try:
        asked = run_git(directory, ["rev-parse", "--show-toplevel", "--show-prefix"])
    except PreflightError as error:
        if "not a git repository" not in error.evidence:
            raise
        raise PreflightError(
            f"{directory.resolve()} is in no git repository, and a release is a git commit.",
            state="Nothing was changed.",
            next_step='git init && git add . && git commit -m "First commit"',
        ) from error
    top, prefix = os.fsdecode(asked).split("\n")[:2]
    return Source(directory, Path(top), prefix.rstrip("/"))


def _extract(archive: "subprocess.Popen[bytes]", destination: Path, said: IO[bytes]) -> None:
    """Write what git sends. Git's own status tells whether that was all: an archive that was cut
    short may look whole.
    """
    try:
        with tarfile.open(fileobj=archive.stdout, mode="r|") as tar:
            tar.extractall(destination, filter="data")
    except tarfile.ReadError:
        if not archive.wait():
            raise
    if archive.stdout is not None:
        archive.stdout.read()
    if archive.wait():
        raise _broken_archive(said)


def _broken_archive(said: IO[bytes]) -> BuildError:
    said.seek(0)
    return BuildError(
        "Git cannot read all files of the commit.",
        evidence=said.read().decode(errors="replace").strip(),
        state="What was serving is serving still.",
        next_step="git fsck",
    )


def run_git(
    directory: Path, arguments: list[str], variables: Mapping[str, str] | None = None
) -> bytes:
    """Run git in a folder and return its output.

    Raises:
        PreflightError: git is missing or fails; the evidence is git's own last words.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=directory,
            env={**_environment(), **(variables or {})},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise PreflightError(
            "git is not installed, or the project's folder does not exist.",
            evidence=str(error),
            next_step="Install git, for instance with: apt-get install git",
        ) from error
    if done.returncode:
        raise PreflightError(
            f"git {arguments[0]} failed.",
            evidence=done.stderr.decode(errors="replace").strip(),
            state="Nothing was changed.",
            next_step="Mend the repository, then try again.",
        )
    return done.stdout


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in _GIT_VARIABLES}
    return {**inherited, "LC_ALL": "C"}
