"""The shapes of secrets, looked for in text: Kingfisher's rules, and those that it lacks.

Kingfisher looks offline: it could ask an issuer whether a key is good, which is not used here.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_cli.config.secret_shapes import shaped_values
from llmops_cli.images.scan.assignments import assignments
from llmops_cli.images.scan.credential_files import credentials
from llmops_cli.images.scan.exact import missing_package
from llmops_cli.images.scan.finding import Finding
from llmops_cli.images.scan.judging import is_random, is_sample

if TYPE_CHECKING:
    from kingfisher_sdk import Finding as Match
    from kingfisher_sdk import Scanner

#: Rules for what is no secret by itself: an id, a name, a configuration that a key belongs to.
_IDENTIFIERS = frozenset(
    {"azure-client-id", "azure-storage-account-name", "gcp-application-default-credentials"}
)
_ADDRESS = "generic-credential-uri"
_PRIVATE_KEY = "private-key"
#: A header alone is what programs look for; a key has lines of base64 below it.
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{40}")
_COMMON_PASSWORDS = frozenset(
    {
        "pass",
        "pw",
        "pwd",
        "user",
        "username",
        "admin",
        "root",
        "guest",
        "postgres",
        "redis",
        "mysql",
    }
)
_EXAMPLE_HOST = re.compile(r"@[\w.-]*(\bexample\b|\.(?:test|invalid)\b|localhost\b|127\.0\.0\.1)")
#: Bytes before a value that may be letters all the same: `\n` in JSON, `%3D` in an address.
_ALONE = re.compile(rb"(?:\\[nrt]|%[0-9A-Fa-f]{2}|[^A-Za-z0-9+/_-])\Z")


@dataclass(frozen=True)
class Rules:
    """All rules, ready to be used on any number of texts."""

    scanner: "Scanner"

    def find(self, text: bytes, path: str) -> Iterator[Finding]:
        """Yield what has the shape of a secret in the text of a file of this path."""
        for match in self.scanner.scan(text):
            if _is_secret(match, text):
                rule = match.rule_id.rpartition(".")[2].rpartition("/")[2]
                yield Finding(f"the shape of {_article(rule)}", match.location["start_offset"])
        # One character a byte, so that positions are those of the bytes.
        letters = text.decode("latin-1")
        yield from _shaped(letters)
        yield from assignments(letters, path)
        yield from credentials(letters, path)


@functools.cache
def load_rules() -> Rules:
    """Load the rules. The first time ever takes seconds; then they are in the user's cache.

    Raises:
        PreflightError: a package that the search needs is not installed.
    """
    try:
        from kingfisher_sdk import Rules as Shapes
        from kingfisher_sdk import Scanner
    except ImportError as error:
        raise missing_package(error) from error
    return Rules(Scanner(Shapes()))


def _shaped(text: str) -> Iterator[Finding]:
    for start, value in shaped_values(text):
        if is_random(value.rpartition("=")[2] if value.startswith("AccountKey") else value):
            yield Finding("the shape of a key", start)


def _is_secret(match: "Match", text: bytes) -> bool:
    rule, value = match.rule_id.rpartition(".")[2], match.secret
    start = match.location["start_offset"]
    if rule in _IDENTIFIERS:
        return False
    if rule == _ADDRESS:
        rest = text[start : start + 300].decode("latin-1").partition("\n")[0]
        is_known = value.lower() in _COMMON_PASSWORDS or _EXAMPLE_HOST.search(rest)
        return not is_known and not is_sample(value) and not _is_user(value, text[:start])
    if rule == _PRIVATE_KEY:
        return _KEY_BODY.search(value.replace("\\n", "\n")) is not None
    stands_alone = (
        match.is_base64_encoded or not start or _ALONE.search(text[max(0, start - 3) : start])
    )
    return bool(stands_alone) and not is_sample(value)


def _is_user(password: str, before: bytes) -> bool:
    """Whether the password is the user's name, as in the addresses of examples."""
    return before.endswith(b"//" + password.encode() + b":")


def _article(rule: str) -> str:
    return f"an {rule}" if rule[:1] in "aeiou" else f"a {rule}"
