"""Golden prompts: what a project expects its API to answer, read from `evals/*.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.checks.expectations import Contains, Expectation, JsonSchema, Matches
from llmops_cli.errors import ConfigError, PreflightError

_FILE_KEYS = ("threshold", "prompt")
_EXPECTATIONS = ("contains", "matches", "json_schema")
_PROMPT_KEYS = ("name", "prompt", "system", *_EXPECTATIONS)


@dataclass(frozen=True)
class Prompt:
    """A prompt and what its answer is expected to be."""

    name: str
    prompt: str
    expects: Expectation
    system: str | None = None


@dataclass(frozen=True)
class Eval:
    """The prompts of one file; at least ``threshold`` of them, from 0 to 1, have to pass."""

    name: str
    prompts: tuple[Prompt, ...]
    threshold: float = 1.0


def load_evals(directory: Path) -> tuple[Eval, ...]:
    """Return the evals of a folder in the order of their names, or none where there is no folder.

    Raises:
        ConfigError: a file is not valid; the message names it and the key.
        PreflightError: a file has a JSON Schema, and the package for it is not installed.
    """
    return tuple(_load(file) for file in sorted(directory.glob("*.toml")))


def _load(file: Path) -> Eval:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _invalid(file, f"cannot be read: {error}") from error
    _refuse_unknown(file, document, _FILE_KEYS, "")
    rows = document.get("prompt")
    if not isinstance(rows, list) or not rows:
        raise _invalid(file, "needs at least one [[prompt]]")
    prompts = tuple(_prompt(file, row, f"prompt[{at}]") for at, row in enumerate(rows))
    _refuse_twins(file, prompts)
    return Eval(file.stem, prompts, _threshold(file, document.get("threshold", 1.0)))


def _threshold(file: Path, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) <= 1:
        raise _invalid(file, "threshold must be a number from 0 to 1")
    return float(str(value))


def _prompt(file: Path, row: object, place: str) -> Prompt:
    if not isinstance(row, dict):
        raise _invalid(file, f"{place} must be a table: [[prompt]]")
    _refuse_unknown(file, row, _PROMPT_KEYS, f"{place}.")
    return Prompt(
        name=_text(file, row, "name", place),
        prompt=_text(file, row, "prompt", place),
        expects=_expectation(file, row, place),
        system=_text(file, row, "system", place) if "system" in row else None,
    )


def _expectation(file: Path, row: Mapping[str, object], place: str) -> Expectation:
    given = [key for key in _EXPECTATIONS if key in row]
    if len(given) != 1:
        raise _invalid(file, f"{place} needs exactly one of {', '.join(_EXPECTATIONS)}")
    if given == ["contains"]:
        return Contains(_text(file, row, "contains", place))
    if given == ["matches"]:
        return Matches(_pattern(file, row, place))
    return JsonSchema(_schema(file, row["json_schema"], place))


def _schema(file: Path, schema: object, place: str) -> Mapping[str, object]:
    try:
        from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]
    except ImportError as error:
        raise PreflightError(
            f"{file}: {place}.json_schema needs an extra that is not installed.",
            next_step="pip install 'llmops-cli[evals]'",
        ) from error
    if not isinstance(schema, dict):
        raise _invalid(file, f"{place}.json_schema must be a table")
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        reason = getattr(error, "message", "it is nested too deeply")
        raise _invalid(file, f"{place}.json_schema is not a JSON Schema: {reason}") from error
    return schema


def _pattern(file: Path, row: Mapping[str, object], place: str) -> str:
    pattern = _text(file, row, "matches", place)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise _invalid(file, f"{place}.matches is not a regular expression: {error}") from error
    return pattern


def _text(file: Path, row: Mapping[str, object], key: str, place: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _invalid(file, f"{place}.{key} must be a text that is not empty")
    return value


def _refuse_unknown(
    file: Path, table: Mapping[str, object], known: tuple[str, ...], place: str
) -> None:
    for key in table:
        if key not in known:
            raise _invalid(file, f"{place}{key} is not a known key (known: {', '.join(known)})")


def _refuse_twins(file: Path, prompts: tuple[Prompt, ...]) -> None:
    names = [prompt.name for prompt in prompts]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise _invalid(file, f"prompt[{at}].name {name!r} is used twice")


def _invalid(file: Path, problem: str) -> ConfigError:
    return ConfigError(f"{file}: {problem}.", next_step=f"Edit {file} and run this again.")
