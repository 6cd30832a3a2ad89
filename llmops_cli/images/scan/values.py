"""What of a secret's value would give it away: keys in a list, lines of a PEM file, a password."""

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from llmops_cli.core.secret import Secret, is_placeholder

#: Characters; a shorter text is found everywhere by chance.
SHORTEST = 8
_SHORTEST_OF_WORDS = 16
_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(.*?)-----END", re.DOTALL)
_SETTING = re.compile(
    r"(?:password|passwd|pwd|accountkey|accesskey|sig|secret|token|key)=([^;&,\s]+)", re.IGNORECASE
)
_SECRET_NAME = re.compile(r"key|secret|token|passw|credential|auth", re.IGNORECASE)
_NO_SECRET_NAME = re.compile(r"_(uri|url|type|email)$|^type$", re.IGNORECASE)


def parts_of(secret: Secret) -> set[str]:
    """Return the texts that no image may hold; none for a value that example files carry.

    A value is taken apart where parts of it are secrets of their own: several keys, the password
    of an address, the fields of a JSON document, the lines of a private key.
    """
    value = secret.reveal().strip()
    found = set(_private_key_lines(value) or _fields(value) or _pieces(value))
    long_enough = {part for part in found if len(part) >= SHORTEST}
    return {part for part in long_enough if not is_placeholder(Secret(part))}


def is_common(part: str) -> bool:
    """Whether a text may well stand in a public package by chance, such as ``production``."""
    digits = sum(letter.isdigit() for letter in part)
    return len(part) < _SHORTEST_OF_WORDS and digits < 3


def _private_key_lines(value: str) -> list[str]:
    """A certificate beside the key is public, and so is where a line begins to be short."""
    bodies = [body.replace("\\n", "\n") for body in _BLOCK.findall(value)]
    lines = [line.strip() for body in bodies for line in body.splitlines()]
    return [line for line in lines if len(line) >= _SHORTEST_OF_WORDS and ":" not in line]


def _fields(value: str) -> list[str]:
    if not value.startswith(("{", "[")):
        return []
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return []
    found: list[str] = []
    for name, text in _texts(document):
        if _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name):
            found += _private_key_lines(text) or _pieces(text)
    return found


def _texts(document: object) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, dict):
            waiting += [(f"{name}.{key}", inner) for key, inner in item.items()]
        elif isinstance(item, list):
            waiting += [(name, inner) for inner in item]


def _pieces(value: str) -> list[str]:
    lines = [line.strip() for line in re.split(r"[,\r\n]+", value)]
    words = [word for word in re.split(r"[,\s]+", value) if len(word) >= _SHORTEST_OF_WORDS]
    return [*lines, *words, *_SETTING.findall(value), *_passwords(lines)]


def _passwords(lines: list[str]) -> Iterator[str]:
    for line in lines:
        try:
            password = urlsplit(line).password
        except ValueError:
            continue
        yield from (password, unquote(password)) if password else ()
