"""Tells a value that was drawn at random from one that people write: a word, a name, a sample."""

import math
import re
from collections import Counter

from llmops_cli.core.secret import Secret, is_placeholder

_SAMPLE = re.compile(
    r"example|sample|dummy|\bfake|fake[-_]|placeholder|changeme"
    r"|change[-_]?this|replace[-_]?(me|this|with)"
    r"|redacted|insert[-_]|your[-_]|[-_<]your|x{6}|\.\.\.|…|\*\*\*|foobar"
    r"|hunter2|s3cr3t|for[-_]?tests?"
    r"|PrivateKey|PublicKey|b64(en|de)code|01234|12345|98765|abcdef|qwerty"
    r"|[$%@#]?[{(<][^})>]*[})>]|^[$%]\w+|(?P<same>.)(?P=same){5}",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"(sha\d{1,3}|md5|blake2b)[:-]", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z0-9_+/=.~!@#$^&*%:-]+")
_READABLE = re.compile(
    r"[A-Z]?[a-z]*\d{0,4}|[A-Z]+\d{0,4}|\d{1,8}|([A-Z]?[a-z]{2,})+|[a-z0-9]{1,3}"
)
#: Bits of a letter; 16 random hexadecimal digits have 3.3 on average, words have less.
_BITS = 2.9


def is_sample(value: str) -> bool:
    """Whether the value is one of those that documents and example files carry."""
    return _SAMPLE.search(value) is not None or is_placeholder(Secret(value))


def is_random(value: str) -> bool:
    """Whether the value is long and mixed enough that nobody wrote it by hand."""
    digits = sum(letter.isdigit() for letter in value)
    is_mixed = digits >= 2 and digits < len(value)
    if not is_mixed or not _LETTERS.fullmatch(value) or is_sample(value):
        return False
    if _UUID.fullmatch(value) or _DIGEST.match(value):
        return False
    return entropy(value) >= _BITS and not _is_readable(value)


def entropy(value: str) -> float:
    """Return how many bits each letter of a text has, by how often letters come."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def _is_readable(value: str) -> bool:
    """Whether it is made of words and numbers, such as a path, a version or the name of a model."""
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", value) if piece]
    return all(_READABLE.fullmatch(piece) for piece in pieces)
