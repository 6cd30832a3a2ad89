"""`.dockerignore`: which files of a commit do not go into an image."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: What no image may hold, whatever a project says: secrets, history, the state of this tool.
REFUSED = (
    *("**/.env*", "**/*.env", "**/.git", "**/.gitmodules", "**/.github", "**/.gitlab*"),
    *("**/.llmops", "**/.ssh", "**/.aws", "**/.azure", "**/.docker", "**/.kube", "**/.netrc"),
    *("**/.npmrc", "**/.pypirc", "**/.pgpass", "**/id_rsa", "**/id_ed25519", "**/id_ecdsa"),
    *("**/*.tfstate", "**/*.tfstate.*"),
)
#: What the embedded API does not need. A project's `!line` brings a file back.
LEFT_OUT = (
    *("**/.*", "**/__pycache__", "**/*.pyc", "**/*.pem", "**/*.key", "**/node_modules"),
    *("*.md", "LICENSE*", "COPYING*", "docs", "tests", "test", "evals", "infra", "terraform"),
    *("deploy", "Dockerfile*", "*.Dockerfile", "compose*.y*ml", "docker-compose*.y*ml"),
    *("llmops.toml", "llmops.schema.json", "pyproject.toml", "uv.lock", "requirements*.txt"),
    *("requirements*.in", "noxfile.py", "Makefile", "conftest.py"),
)


@dataclass(frozen=True)
class Rule:
    """One line: paths that match are left out, or with ``!`` kept; the last line that matches
    decides.
    """

    expression: re.Pattern[str]
    keeps: bool


class Ignored:
    """The lines of a file like `.dockerignore`, as Docker reads them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def __contains__(self, path: str) -> bool:
        """Whether a file is left out. ``path`` is relative, with ``/``."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        for rule in reversed(self._rules):
            if any(rule.expression.fullmatch(one) for one in above):
                return not rule.keeps
        return False


def _rule(line: str) -> Rule | None:
    text = line.strip().removeprefix("\ufeff")
    if not text or text.startswith("#"):
        return None
    keeps = text.startswith("!")
    # With a slash before it, ".." cannot lead out of the folder.
    pattern = posixpath.normpath("/" + text.removeprefix("!").strip()).lstrip("/")
    return Rule(re.compile(_expression(pattern)), keeps) if pattern else None


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern of Go's `filepath.Match`, with its `**`."""
    found, rest = "", pattern
    while rest:
        if rest.startswith("**/"):
            found, rest = found + "(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            found, rest = found + ".*", rest[2:]
        elif rest[0] in "*?":
            found, rest = found + ("[^/]*" if rest[0] == "*" else "[^/]"), rest[1:]
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2) + 1
            found, rest = found + rest[:end].replace("\\", "\\\\"), rest[end:]
        else:
            letter = rest[1] if rest[0] == "\\" and len(rest) > 1 else rest[0]
            found, rest = found + re.escape(letter), rest[len(letter) + (rest[0] == "\\") :]
    return found
