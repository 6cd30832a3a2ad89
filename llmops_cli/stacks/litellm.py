"""Reads the project's configuration of LiteLLM, and refuses one that could not work."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from llmops_cli.config.image import LITELLM_KEY
from llmops_cli.config.secret_shapes import holds_a_secret
from llmops_cli.errors import ConfigError, PreflightError

MASTER_KEY = LITELLM_KEY

_REFERENCE = "os.environ/"
_SECRET_WORDS = ("api_key", "master_key", "salt_key", "secret", "token", "password", "database_url")
#: What stands where a key belongs, for servers that want none.
_NO_KEYS = frozenset({"none", "empty", "unused", "not-needed", "dummy", "fake-key"})
#: Numbers of tokens, and names of headers: keys that have such a word and hold no secret.
_HARMLESS = ("max_", "_per_", "tokens", "token_limit", "header", "_rate", "cost")
_WEAK = "dangerously_permit_weak_or_unset_master_key"
_FALLBACKS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")

#: Where a value is in the file: keys, and positions in lists.
_Place = tuple[str | int, ...]


@dataclass(frozen=True)
class LiteLLM:
    """A valid configuration: the models it serves, the secrets it names, whether it counts."""

    models: tuple[str, ...]
    secrets: tuple[str, ...]
    has_metrics: bool


def read_litellm(text: str, file: str, listed: Iterable[str] | None) -> LiteLLM:
    """Check the text of a configuration; ``listed`` are the secrets that the project has.

    Where that is None, LiteLLM asks nobody and needs none of those that it names.

    Raises:
        ConfigError: it is no YAML, serves nothing, falls back to a model that is not there, names
            a secret that the project does not list, holds a key itself, or takes another master
            key or none.
        PreflightError: the extra that reads YAML is not installed.
    """
    document = _parse(text, file)
    models = _models(document, file)
    known = None if listed is None else frozenset(listed)
    problems = [*_of_keys(document, known), *_of_master_key(document)]
    problems += _of_fallbacks(document, models)
    if "include" in document:
        problems.append("include: has files of its own, which no release holds")
    if problems:
        raise _error(file, problems)
    names = [value.removeprefix(_REFERENCE) for _place, value in _references(document)]
    secrets = tuple(dict.fromkeys([MASTER_KEY, *names]))
    return LiteLLM(models, secrets, "prometheus" in _callbacks(document))


def _parse(text: str, file: str) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise PreflightError(
            f"Reading {file} needs PyYAML.", next_step="pip install 'llmops-cli[docker]'"
        ) from error
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        why = str(getattr(error, "problem", None) or "it cannot be read")
        step = f"Edit {file} and run this again."
        raise ConfigError(
            f"{file}{line} is not valid YAML.", evidence=why, next_step=step
        ) from error
    if not isinstance(document, dict):
        raise _error(file, ["the file is not a mapping of settings"])
    return document


def _models(document: Mapping[str, Any], file: str) -> tuple[str, ...]:
    entries = document.get("model_list")
    if not isinstance(entries, list) or not entries:
        raise _error(file, ["model_list: is empty, so nothing would be served"])
    problems = []
    for number, entry in enumerate(entries):
        entry = entry if isinstance(entry, dict) else {}  # noqa: PLW2901 - anything may stand here
        if not isinstance(entry.get("model_name"), str):
            problems.append(f"model_list[{number}].model_name: is missing")
        parameters = entry.get("litellm_params")
        if not isinstance(parameters, dict) or not isinstance(parameters.get("model"), str):
            problems.append(f"model_list[{number}].litellm_params.model: is missing")
    if problems:
        raise _error(file, problems)
    return tuple(dict.fromkeys(entry["model_name"] for entry in entries))


def _of_keys(document: Mapping[str, Any], listed: Collection[str] | None) -> Iterator[str]:
    for place, value in _references(document):
        name = value.removeprefix(_REFERENCE)
        if listed is not None and name not in listed:
            yield f"{_shown(place)}: names {name}, which `required` in [secrets] does not list"
    for place, value in _texts(document):
        if _is_secret(place, value) and not value.startswith(_REFERENCE):
            yield f"{_shown(place)}: holds a key itself; write {_REFERENCE}NAME and list the name"


def _of_master_key(document: Mapping[str, Any]) -> Iterator[str]:
    settings = _table(document.get("general_settings"))
    key = settings.get("master_key")
    if isinstance(key, str) and key.startswith(_REFERENCE) and key != _REFERENCE + MASTER_KEY:
        yield f"general_settings.master_key: callers present {MASTER_KEY}; leave this line out"
    if settings.get(_WEAK):
        yield f"general_settings.{_WEAK}: would let LiteLLM start without a key, or a known one"


def _of_fallbacks(document: Mapping[str, Any], models: Sequence[str]) -> Iterator[str]:
    for section in ("litellm_settings", "router_settings"):
        settings = _table(document.get(section))
        for kind in _FALLBACKS:
            for rule in _list(settings.get(kind)):
                for model, others in _table(rule).items():
                    yield from _unknown([model, *_list(others)], models, f"{section}.{kind}")
        place = f"{section}.default_fallbacks"
        yield from _unknown(_list(settings.get("default_fallbacks")), models, place)


def _unknown(names: Iterable[object], models: Sequence[str], place: str) -> Iterator[str]:
    for name in names:
        if not any(fnmatchcase(str(name), model) for model in models):
            yield f"{place}: names {name!r}, which is no model_name of model_list"


def _callbacks(document: Mapping[str, Any]) -> list[object]:
    settings = _table(document.get("litellm_settings"))
    kinds = ("callbacks", "success_callback")
    return [name for kind in kinds for name in _list(settings.get(kind))]


def _references(document: Mapping[str, Any]) -> list[tuple[_Place, str]]:
    return [found for found in _texts(document) if found[1].startswith(_REFERENCE)]


def _texts(node: object, place: _Place = ()) -> Iterator[tuple[_Place, str]]:
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*place, str(key)))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _texts(value, (*place, number))


def _is_secret(place: _Place, value: str) -> bool:
    key = next((part for part in reversed(place) if isinstance(part, str)), "").lower()
    is_named = any(word in key for word in _SECRET_WORDS) and not any(
        word in key for word in _HARMLESS
    )
    return holds_a_secret(value) or (is_named and value.lower() not in {"", *_NO_KEYS})


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _shown(place: _Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _error(file: str, problems: Sequence[str]) -> ConfigError:
    step = f"Edit {file} and run this again."
    if len(problems) == 1:
        return ConfigError(f"{file}, {problems[0]}", next_step=step)
    evidence = "\n".join(problems)
    return ConfigError(f"{file} has {len(problems)} problems.", evidence=evidence, next_step=step)
