"""Finds `NAME=value` where the name says that it is secret and the value was drawn at random."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from llmops_cli.images.scan.finding import Finding
from llmops_cli.images.scan.judging import is_random, is_sample

#: Words in names of secrets. Plain searches for them are many times faster than one expression.
_WORDS = ("secret", "token", "passw", "passphrase", "pwd", "credential", "key")
#: A key is secret where the name says what it opens.
_KEY = re.compile(r"(?:api|access|account|private|signing|encryption|master|auth)[_-]?\Z")
_PUBLIC = re.compile(r"public[_-]?(?:key)?[_-]?\Z")
_REST = re.compile(
    r"([\w.-]{2,40})[\"'\]]{0,2}[ \t]{0,20}(?:=>|:=|=|:)[ \t]{0,20}"
    r"[rbf]?[\"'`]?([^\s\"'`,;<>(){}\[\]\\|]{16,300})"
)
#: What is said about a secret, and is none: an id of it, its digest, where it is.
_ABOUT = re.compile(
    r"(hash(es|ed)?|digests?|sha\d*|sums?|fingerprint|ids?|names?|files?|paths?|dirs?|ur[li]s?|arn"
    r"|endpoints?|version|types?|headers?|counts?|size|limit|ref|expiry|expires|at|public)$",
    re.IGNORECASE,
)
_ENVIRONMENT_FILE = re.compile(r"\.env(\.[\w.-]+)?|[\w.-]+\.env")
_EXAMPLE_FILE = re.compile(r"example|sample|template|dist$|default", re.IGNORECASE)
_VARIABLE = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(\w*(?:secret|token|passw|pwd|key|credential)\w*)"
    r"[ \t]*=[ \t]*[\"']?([^\s\"'#]{8,300})",
    re.IGNORECASE | re.MULTILINE,
)


def assignments(text: str, path: str) -> Iterator[Finding]:
    """Yield the values that a text gives to names of secrets. ``path`` is the file's."""
    lower = text.lower()
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            yield from _assignment(text, lower, word, at)
            at = lower.find(word, at + len(word))
    if _is_environment_file(path):
        yield from _variables(text)


def _assignment(text: str, lower: str, word: str, at: int) -> Iterator[Finding]:
    before = lower[max(0, at - 12) : at]
    if _PUBLIC.search(before) or (word == "key" and not _KEY.search(before)):
        return
    found = _REST.match(text, at)
    if not found or _ABOUT.search(found.group(1)) or text[found.end() : found.end() + 1] == "(":
        return
    if is_random(found.group(2)):
        yield Finding("a value set for a secret", found.start(2))


def _variables(text: str) -> Iterator[Finding]:
    """In a file of variables a password need not look random to be one."""
    for found in _VARIABLE.finditer(text):
        name, value = found.groups()
        if not _ABOUT.search(name) and not is_sample(value) and not value.startswith("/"):
            yield Finding("a value set for a secret", found.start(2))


def _is_environment_file(path: str) -> bool:
    name = PurePosixPath(path).name
    return bool(_ENVIRONMENT_FILE.fullmatch(name)) and not _EXAMPLE_FILE.search(name)
