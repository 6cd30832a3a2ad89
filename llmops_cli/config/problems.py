"""What is wrong with a project file, in the words of the file: key, line, and the nearest key."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, get_args

from pydantic import BaseModel, ValidationError

from llmops_cli.config.lines import Path, line_of
from llmops_cli.config.secret_shapes import without_secrets
from llmops_cli.errors import ConfigError

_SHOWN = 20
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_SECRET_WORDS = ("key", "token", "secret", "password", "credential")
_WORDS = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "mapping_type": "must be a table",
    "dict_type": "must be a table",
    "too_short": "must not be empty",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, at a place of the file. The text never repeats a value."""

    path: Path
    text: str
    hint: str = ""


def of_table(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Return every problem of a table that is not what ``model`` asks for."""
    return [_problem(model, details) for details in error.errors(include_url=False)]


def raise_all(problems: Sequence[Problem], lines: Mapping[Path, int], file: str) -> NoReturn:
    """Raise one error that tells all the problems, in the order of the file.

    Raises:
        ConfigError: always; there is at least one problem.
    """
    placed = sorted({(line_of(item.path, lines) or 0, _sentence(item)) for item in problems})
    told = [f"line {line}: {sentence}" if line else sentence for line, sentence in placed]
    told = [without_secrets(text) for text in told]
    if len(told) == 1:
        raise _error(f"{file}, {told[0]}" if placed[0][0] else f"{file}: {told[0]}", file)
    more = [f"and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
    raise _error(f"{file} has {len(told)} problems.", file, "\n".join([*told[:_SHOWN], *more]))


def as_written(path: Iterable[str | int]) -> str:
    """Return a path as it would be written in TOML: ``api.upstreams[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else "." * bool(text) + _key(part)
    return text


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of ``words`` that is most like ``word``, if one is."""
    return next(iter(difflib.get_close_matches(word[:60], list(words), 1)), None)


def _problem(model: type[BaseModel], details: Mapping[str, Any]) -> Problem:
    path, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        return Problem(path, "is not a known key", _hint_for_unknown(model, path))
    if kind == "missing":
        return Problem(path, "is missing")
    if kind == "literal_error":
        return Problem(path, f"must be {details['ctx']['expected'].replace(chr(39), chr(34))}")
    said = details["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return Problem(path, _WORDS.get(kind, said))


def _hint_for_unknown(model: type[BaseModel], path: Path) -> str:
    *parents, key = path
    table = _table_at(model, parents)
    home = _homes(model).get(str(key))
    if home is not None:
        return f"it belongs in [{home}]"
    guess = nearest(str(key), table.model_fields)
    if guess:
        return f"did you mean {as_written([*parents, guess])}?"
    if any(word in str(key).lower() for word in _SECRET_WORDS):
        return "secret values never live in this file: llmops secrets set NAME"
    return f"known here: {', '.join(table.model_fields)}"


def _table_at(model: type[BaseModel], parents: Sequence[str | int]) -> type[BaseModel]:
    for part in parents:
        field = model.model_fields.get(str(part))
        model = (_table_in(field.annotation) if field else None) or model
    return model


def _table_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)


def _homes(model: type[BaseModel]) -> dict[str, str]:
    """Map the keys of tables to the table that they belong in, as its header is written."""
    homes: dict[str, str] = {}
    for name, field in model.model_fields.items():
        table = _table_in(field.annotation)
        header = name if table is field.annotation else f"{name}.NAME"
        homes |= dict.fromkeys(table.model_fields if table else (), header)
    return homes


def _sentence(problem: Problem) -> str:
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{as_written(problem.path)} {problem.text}{hint}".strip()


def _key(key: str) -> str:
    if _BARE_KEY.fullmatch(key):
        return key
    return json.dumps(key if len(key) <= 60 else key[:60] + "…")


def _error(message: str, file: str, evidence: str = "") -> ConfigError:
    return ConfigError(message, evidence=evidence, next_step=f"Edit {file} and run this again.")
