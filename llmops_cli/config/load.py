"""Reads `llmops.toml`: a text becomes a Config, or one error that tells everything wrong."""

import tomllib
from pathlib import Path
from typing import Any

from llmops_cli.config.lines import line_numbers
from llmops_cli.config.model import Config
from llmops_cli.config.problems import nearest, raise_all
from llmops_cli.config.secret_shapes import holds_a_secret
from llmops_cli.config.validation import validate
from llmops_cli.errors import ConfigError

FILE_NAME = "llmops.toml"

#: Bytes; a longer file is not a project file.
_LONGEST = 1024 * 1024


def load(directory: Path) -> Config:
    """Read the project file of a folder.

    Raises:
        ConfigError: there is none, it cannot be read, or it or a file it names is invalid.
    """
    config = parse(_decode(_read(directory / FILE_NAME)), FILE_NAME)
    if config.api.system_prompt is not None:
        _require(directory, config.api.system_prompt, "api.system_prompt")
    for upstream in config.api.upstreams:
        if upstream.federation is not None:
            _require(directory, upstream.federation, f"federation of upstream {upstream.name}")
    return config


def parse(text: str, file: str) -> Config:
    """Read the text of a project file; ``file`` is what errors call it.

    Raises:
        ConfigError: the text is no TOML, or not a valid project; every problem is told.
    """
    text = text.removeprefix("\ufeff")
    _refuse_secrets(text, file)
    config, problems = validate(_parse_toml(text, file))
    if config is None:
        raise_all(problems, line_numbers(text), file)
    return config


def target_name(config: Config, wanted: str | None) -> str:
    """Return the target that a command is about: the wanted, the default, or the only one.

    Raises:
        ConfigError: there is no such target, or several and none is the default.
    """
    there_are = f"There are: {', '.join(config.targets)}."
    if wanted is not None and wanted not in config.targets:
        guess = nearest(wanted, config.targets)
        step = f"Did you mean -t {guess}?" if guess else f"Name one of them with -t. {there_are}"
        raise ConfigError(f"There is no target {wanted!r}.", evidence=there_are, next_step=step)
    only = next(iter(config.targets)) if len(config.targets) == 1 else None
    local = "local" if "local" in config.targets else None
    name = wanted or config.default_target or only or local
    if name is None:
        step = f"Name one with -t, or set default_target in {FILE_NAME}."
        raise ConfigError("Which target?", evidence=there_are, next_step=step)
    return name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except FileNotFoundError as error:
        message = f"There is no {FILE_NAME} in {path.parent.absolute()}."
        raise ConfigError(message, next_step="llmops init") from error
    except OSError as error:
        step = f"Make {path} a file that you may read."
        why = str(error.strerror)
        raise ConfigError(f"{path} cannot be read.", evidence=why, next_step=step) from error
    if len(content) > _LONGEST:
        raise ConfigError(f"{path} is longer than 1 MiB.", next_step="llmops init writes one.")
    return content


def _require(directory: Path, path: str, key: str) -> None:
    try:
        (directory / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"{FILE_NAME}: {key} names {path}, which cannot be read.",
            evidence=str(why),
            next_step=f"Write {path}, or remove {key}.",
        ) from error


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{FILE_NAME}, line {line}: the file is not UTF-8."
        raise ConfigError(message, next_step="Save the file as UTF-8.") from error


def _refuse_secrets(text: str, file: str) -> None:
    """Look at the raw text, so that comments and broken TOML are seen too."""
    for number, line in enumerate(text.split("\n"), 1):
        if holds_a_secret(line):
            raise ConfigError(
                f"{file}, line {number}: this looks like the value of a secret.",
                state="The file may already be in git: a value that was committed is not secret.",
                next_step="Remove it from the file and run: llmops secrets set NAME",
            )


def _parse_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        why = str(error)
    except RecursionError:
        why = "it is nested too deeply"
    except ValueError:
        # The interpreter's limit on the digits of an integer, which tomllib lets through.
        why = "it holds a number with too many digits"
    step = f"Edit {file} and run this again."
    raise ConfigError(f"{file} is not valid TOML.", evidence=why, next_step=step)
