"""Turns the data of a project file into a Config, or into everything that is wrong with it."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from llmops_cli.config.lines import Path
from llmops_cli.config.model import Config
from llmops_cli.config.problems import Problem, nearest, of_table
from llmops_cli.config.targets import listed, read_targets


def validate(data: dict[str, Any]) -> tuple[Config | None, list[Problem]]:
    """Return the Config and no problem, or no Config and at least one problem."""
    tables = data.get("targets", {})
    if not isinstance(tables, dict):
        return None, [Problem(("targets",), "must be a table")]
    targets, problems = read_targets(tables)
    settings = {key: value for key, value in data.items() if key != "targets"}
    config = None
    try:
        config = Config.model_validate({**settings, "targets": targets} if targets else settings)
    except ValidationError as error:
        problems += of_table(Config, error)
    problems = _explain_interpolation(data, problems) + _default_problems(data, tables)
    return (None, problems) if problems else (config, [])


def _default_problems(data: dict[str, Any], tables: dict[str, Any]) -> list[Problem]:
    default = data.get("default_target")
    names = tables or {"local": None}
    if not isinstance(default, str) or default in names:
        return []
    guess = nearest(default, names)
    hint = f"did you mean {guess}?" if guess else listed(names)
    return [Problem(("default_target",), "names a target that is not there", hint)]


def _explain_interpolation(data: dict[str, Any], problems: list[Problem]) -> list[Problem]:
    """Say of every `${…}` that it is not replaced, instead of what else is wrong with it."""
    places = list(_interpolations(data))
    text = "holds ${…}, which is not replaced here"
    hint = "write the value itself, or, of a secret, its name: llmops secrets set NAME"
    kept = [problem for problem in problems if problem.path not in places]
    return kept + [Problem(place, text, hint) for place in places]


def _interpolations(data: dict[str, Any]) -> Iterator[Path]:
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str) and "${" in value:
            yield path
        elif isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
