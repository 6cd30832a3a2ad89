"""What `llmops doctor` looks at in a repository: what is committed, and what must never be."""

import fnmatch
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.errors import PreflightError
from llmops_cli.source import open_source, run_git

#: Names of files that hold secrets or state. Patterns of a part of a path.
_NEVER_TRACKED = (
    *(".env", ".env.*", "*.env", "*.tfstate", "*.tfstate.*", ".terraform", ".llmops"),
    *("*.key", "id_rsa", "id_ecdsa", "id_ed25519", ".netrc", ".pypirc", ".pgpass"),
    *(".git-credentials", "credentials.json", "*.p12", "*.pfx"),
)
_HARMLESS = re.compile(r"(example|sample|template|dist)(\.|$)|\.gitignore$|\.pub$", re.IGNORECASE)
_SHOWN = 5


def probes(directory: Path) -> list[Probe]:
    """Return the looks at the repository that holds the project's folder."""
    return [
        Probe("repository", lambda: _commit(directory)),
        Probe("tracked files", lambda: _tracked(directory)),
        Probe("ignored files", lambda: _ignored(directory)),
    ]


def _commit(directory: Path) -> Sequence[Diagnosis]:
    source = open_source(directory)
    commit = source.commit()
    changed = source.uncommitted()
    if changed:
        text = f"{len(changed)} files differ from the commit {commit.sha[:12]}"
        return [warning("repository", text, "git add -A && git commit, or deploy --allow-dirty")]
    return [ok("repository", f"clean at {commit.sha[:12]} ({commit.subject})")]


def _tracked(directory: Path) -> Sequence[Diagnosis]:
    try:
        listing = run_git(directory, ["ls-files", "-z"])
    except PreflightError:
        return []
    names = [os.fsdecode(name) for name in listing.split(b"\0") if name]
    found = [name for name in names if _is_never_tracked(name)]
    if not found:
        return [ok("tracked files", f"{len(names)} files, none that holds secrets by its name")]
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    paths = " ".join(shlex.quote(name) for name in found[:_SHOWN])
    return [
        problem(
            "tracked files",
            f"git tracks {', '.join(found[:_SHOWN])}{more}: whoever has the repository has them",
            f"git rm --cached {paths}, add them to .gitignore, commit, and replace the values",
        )
    ]


def _is_never_tracked(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if _HARMLESS.search(parts[-1]):
        return False
    return any(fnmatch.fnmatchcase(part, each) for part in parts for each in _NEVER_TRACKED)


def _ignored(directory: Path) -> Sequence[Diagnosis]:
    found: list[Diagnosis] = []
    is_repository, file = _is_repository(directory), directory / ".dockerignore"
    if is_repository and not _ignores(directory, ".env"):
        text = ".gitignore does not name .env, so that one `git add .` commits it"
        found.append(warning("ignored files", text, "printf '.env\\n.env.*\\n' >> .gitignore"))
    if file.is_file() and not _names_env(file):
        text = ".dockerignore does not name .env, so that `docker build` sends it"
        found.append(warning("ignored files", text, "printf '.env\\n.env.*\\n' >> .dockerignore"))
    return found or ([ok("ignored files", ".env is ignored")] if is_repository else [])


def _is_repository(directory: Path) -> bool:
    try:
        run_git(directory, ["rev-parse", "--git-dir"])
    except PreflightError:
        return False
    return True


def _ignores(directory: Path, name: str) -> bool:
    try:
        run_git(directory, ["check-ignore", "-q", "--no-index", name])
    except PreflightError:
        return False
    return True


def _names_env(file: Path) -> bool:
    lines = (
        line.strip() for line in file.read_text(encoding="utf-8", errors="replace").split("\n")
    )
    return any(fnmatch.fnmatchcase(".env", line.removeprefix("**/").strip("/")) for line in lines)
