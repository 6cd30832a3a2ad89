"""Finds the line of a TOML file on which a key was written; tomllib does not tell."""

import re
from collections.abc import Iterator, Mapping

#: Where a value is: keys, and the positions of tables in arrays of tables.
Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')'
    r"|(?P<comment>\#[^\n]*)|(?P<bare>[A-Za-z0-9_-]+)|(?P<sign>[\[\]{}=.,\n])|.",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROL = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def line_numbers(text: str) -> dict[Path, int]:
    """Return the line of every table and key of a valid TOML text, the first line being 1.

    Keys inside inline tables and arrays are left out: the key that holds them has a line.
    """
    table: Path = ()
    counts: dict[Path, int] = {}
    found: dict[Path, int] = {}
    for number, words in _statements(text):
        if words[:1] != ["["]:
            found.setdefault(table + _keys(words[: words.index("=")]), number)
            continue
        keys = _keys([word for word in words if word not in ("[", "]")])
        if words[:2] == ["[", "["]:
            array = (*_table(keys[:-1], counts), keys[-1])
            counts[array] = counts.get(array, 0) + 1
        table = _table(keys, counts)
        found.setdefault(table, number)
    return found


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """Return the line of ``path``, or of the nearest table or key around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each table header and each `key =`, as words, with its line."""
    words: list[str] = []
    line = start = 1
    depth, is_value = 0, False
    for match in _TOKEN.finditer(text):
        word = match.group()
        line_before, line = line, line + word.count("\n")
        if word == "\n" and (depth == 0 or not is_value):
            if words:
                yield start, words
            words, is_value, depth = [], False, 0
        elif is_value:
            depth += (word in ("[", "{")) - (word in ("]", "}"))
        elif match.lastgroup in ("text", "bare", "sign"):
            start = start if words else line_before
            words.append(word)
            is_value = word == "="
    if words:
        yield start, words


def _keys(words: list[str]) -> Path:
    return tuple(_unquoted(word) for word in words if word != ".")


def _unquoted(word: str) -> str:
    if word[0] == '"':
        return _ESCAPED.sub(_character, word[1:-1])
    return word[1:-1] if word[0] == "'" else word


def _character(match: re.Match[str]) -> str:
    short, long, letter = match.groups()
    return chr(int(short or long, 16)) if short or long else _CONTROL.get(letter, letter)


def _table(keys: Path, counts: dict[Path, int]) -> Path:
    """Return where a header leads: through the newest table of every array on its way."""
    path: Path = ()
    for key in keys:
        path = (*path, key)
        path = (*path, counts[path] - 1) if path in counts else path
    return path
