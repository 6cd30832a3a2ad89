"""Writes what was made into the project file: comments, order and all else there stay."""

import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops_cli.config.load import FILE_NAME, load, parse
from llmops_cli.config.model import Config
from llmops_cli.errors import ConfigError, PreflightError

#: The output that names the registry: images of the project go there, under its name.
_REGISTRY = "registry"


@dataclass(frozen=True)
class Setting:
    """A key of the project file, with what it was and what it is now."""

    table: str
    key: str
    before: str | None
    after: str


def wanted(config: Config, target: str, outputs: Mapping[str, str]) -> tuple[Setting, ...]:
    """Return the settings that differ from what was made.

    A repository for images that the project names itself is left as it is.
    """
    settings = config.targets[target]
    table = f"targets.{target}"
    found = []
    for key, value in outputs.items():
        before = getattr(settings, key, None)
        if key in type(settings).model_fields and before != value:
            found.append(Setting(table, key, before, value))
    if _REGISTRY in outputs and config.image.repository is None and not config.image.reference:
        repository = f"{outputs[_REGISTRY]}/{config.name}"
        found.append(Setting("image", "repository", None, repository))
    return tuple(found)


def write(directory: Path, target: str, outputs: Mapping[str, str]) -> tuple[Setting, ...]:
    """Write what differs into the project file, and return it.

    Raises:
        ConfigError: the file is invalid, or would be afterwards; it is left as it was.
        PreflightError: it cannot be written, or the package that writes it is missing.
    """
    settings = wanted(load(directory), target, outputs)
    if not settings:
        return ()
    path = directory / FILE_NAME
    text = path.read_bytes().decode("utf-8")
    edited = with_settings(text, settings)
    parse(edited, FILE_NAME)
    try:
        path.write_bytes(edited.encode("utf-8"))
    except OSError as error:
        raise PreflightError(
            f"{path} cannot be written.",
            evidence=str(error.strerror),
            state="The infrastructure is as it should be.",
            next_step="Make it writable, then: llmops infra output --write",
        ) from error
    return settings


def with_settings(text: str, settings: tuple[Setting, ...]) -> str:
    """Return the text of a project file with these settings in it.

    Raises:
        ConfigError: the file is written in a way that cannot be edited.
    """
    require_tomlkit()
    import tomlkit

    document = tomlkit.parse(text)
    for setting in settings:
        table: Any = document
        for name in setting.table.split("."):
            if name not in table:
                table[name] = tomlkit.table()
            table = table[name]
        table[setting.key] = setting.after
    edited = tomlkit.dumps(document)
    _check(edited, settings)
    return edited


def require_tomlkit() -> None:
    """Make sure, before anything is made, that the project file can be written afterwards.

    Raises:
        PreflightError: the package for it is not installed.
    """
    if importlib.util.find_spec("tomlkit") is None:
        raise PreflightError(
            "The package that writes llmops.toml is not installed.",
            evidence="There is no tomlkit.",
            state="Nothing was changed.",
            next_step="pip install tomlkit, which the extras azure, aws and gcp have too",
        )


def _check(edited: str, settings: tuple[Setting, ...]) -> None:
    """Read the text again with another reader: every setting must be where it belongs."""
    read: Any = tomllib.loads(edited.removeprefix("\ufeff"))
    for setting in settings:
        table = read
        for name in setting.table.split("."):
            table = table[name]
        if table.get(setting.key) != setting.after:
            raise ConfigError(
                f"{FILE_NAME}: {setting.key} cannot be written into [{setting.table}].",
                state="The file is as it was.",
                next_step=f'Write it there: {setting.key} = "{setting.after}"',
            )
