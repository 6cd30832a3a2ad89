"""What an image says of itself: its variables, labels, commands and how it was made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Tables of the configuration that hold its settings; the second is the classic builder's.
_TABLES = ("config", "container_config")


@dataclass(frozen=True)
class Setting:
    """A text of an image's configuration, and what the text is called in a Dockerfile."""

    place: str
    text: str
    is_of_base: bool = False


Settings: TypeAlias = Iterator[Setting]


def settings_of(configuration: Mapping[str, Any], layers_of_base: int) -> Settings:
    """Yield every text of a configuration; of its history, what made the base's layers too."""
    for table in _TABLES:
        yield from _table(configuration.get(table) or {})
    yield from _history(configuration.get("history") or [], layers_of_base)
    for name, value in configuration.items():
        if name not in (*_TABLES, "history", "rootfs"):
            yield from (Setting(f"the image's {name}", text) for text in _texts(value))


def _table(table: Mapping[str, Any]) -> Settings:
    for name, value in table.items():
        if name == "Env":
            for variable in value or ():
                yield Setting(f"ENV {variable.partition('=')[0]}", variable)
        elif name == "Labels":
            for label, text in (value or {}).items():
                yield Setting(f"LABEL {label}", f"{label}={text}")
        else:
            yield from (Setting(name.upper(), text) for text in _texts(value))


def _history(steps: list[Mapping[str, Any]], layers_of_base: int) -> Settings:
    layers = 0
    for number, step in enumerate(steps, 1):
        layers += not step.get("empty_layer", False)
        for name, value in step.items():
            for text in _texts(value) if name != "created" else ():
                yield Setting(f"history step {number}", text, layers <= layers_of_base > 0)


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
