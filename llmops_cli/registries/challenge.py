"""``WWW-Authenticate``: how a registry wants to be told who asks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[A-Za-z0-9_-]+\s*=|\s*,|\s*$)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Challenge:
    """One way that a server offers; ``scheme`` and the names of ``parameters`` in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse(lines: Iterable[str]) -> list[Challenge]:
    """Return the challenges of all ``WWW-Authenticate`` lines; what cannot be read ends a line."""
    return [challenge for line in lines for challenge in _in(line)]


def _in(line: str) -> list[Challenge]:
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(line, position):
        parameters: dict[str, str] = {}
        position = match.end()
        while parameter := _PARAMETER.match(line, position):
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters[name.lower()] = value
            position = parameter.end()
        found.append(Challenge(match[1].lower(), parameters))
    return found
