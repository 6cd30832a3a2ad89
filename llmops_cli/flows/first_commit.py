"""The first commit of a new project, where no repository holds its folder yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.errors import PreflightError
from llmops_cli.source import run_git

_NOBODY = ("-c", "user.name=llmops", "-c", "user.email=llmops@localhost")


@dataclass(frozen=True)
class FirstCommit:
    """The commit, and whether it names llmops as author because git knows no other."""

    sha: str
    is_by_llmops: bool


def is_in_repository(directory: Path) -> bool:
    """Whether a git repository holds the folder, which may not exist yet.

    Raises:
        PreflightError: git is missing, or refuses to look.
    """
    folder = next(path for path in (directory, *directory.parents) if path.is_dir())
    try:
        run_git(folder, ["rev-parse", "--git-dir"])
    except PreflightError as error:
        if "not a git repository" in error.evidence:
            return False
        raise
    return True


def commit_first(directory: Path, paths: Sequence[str], message: str) -> FirstCommit:
    """Make a repository on branch main and commit the files that git does not ignore.

    Raises:
        PreflightError: git fails; the files stay as they are.
    """
    try:
        run_git(directory, ["init", "--quiet", "-b", "main"])
        author = () if _knows_the_author(directory) else _NOBODY
        run_git(directory, ["add", "--", *_not_ignored(directory, paths)])
        run_git(directory, [*author, "commit", "--quiet", "-m", message])
        sha = run_git(directory, ["rev-parse", "HEAD"]).decode().strip()
    except PreflightError as error:
        raise PreflightError(
            "The files are written, but git could not commit them.",
            evidence=error.evidence or error.message,
            state="The project has no commit yet.",
            next_step=f"cd {directory} && git add -A && git commit -m '{message}'",
        ) from error
    return FirstCommit(sha, is_by_llmops=bool(author))


def has_changes(directory: Path) -> bool:
    """Whether the folder holds anything that no commit has."""
    return bool(run_git(directory, ["status", "--porcelain", "--", "."]).strip())


def _knows_the_author(directory: Path) -> bool:
    """Whether git is told who commits, by its configuration or the environment."""
    strictly = ["-c", "user.useConfigOnly=true", "var"]
    try:
        run_git(directory, [*strictly, "GIT_AUTHOR_IDENT"])
        run_git(directory, [*strictly, "GIT_COMMITTER_IDENT"])
    except PreflightError:
        return False
    return True


def _not_ignored(directory: Path, paths: Sequence[str]) -> list[str]:
    listing = ["ls-files", "-z", "--others", "--exclude-standard", "--", *paths]
    return [path for path in run_git(directory, listing).decode().split("\0") if path]
