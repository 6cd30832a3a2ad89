"""Reads LLMOPS_UPSTREAMS: the places that answer chat completions, and the models they serve."""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from llmops_cli.serve.environment import Environment

VARIABLE = "LLMOPS_UPSTREAMS"


@dataclass(frozen=True)
class UpstreamSettings:
    """One upstream: an OpenAI-compatible address, or a GGUF file that is served in this process.

    Exactly one of ``base_url`` (with the ``/v1`` of its API, without a slash at the end) and
    ``gguf`` is set. ``key`` is the credential sent as a Bearer token, empty for none.
    """

    name: str
    models: tuple[str, ...]
    base_url: str = ""
    gguf: Path | None = None
    key: str = field(default="", repr=False)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    models: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    base_url: str = ""
    gguf: str = ""
    auth: Literal["api-key", "none"] = "api-key"
    secret: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None


def read(environment: Environment) -> tuple[UpstreamSettings, ...]:
    """Return the upstreams, and leave what is wrong with them in ``environment.problems``."""
    try:
        entries = TypeAdapter(list[_Entry]).validate_json(environment.text(VARIABLE, "[]"))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            environment.refuse(_place(problem["loc"]), problem["msg"])
        return ()
    upstreams = tuple(_upstream(environment, index, entry) for index, entry in enumerate(entries))
    _refuse_repeats(environment, upstreams)
    return upstreams


def _place(location: tuple[int | str, ...]) -> str:
    return VARIABLE + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in location
    )


def _upstream(environment: Environment, index: int, entry: _Entry) -> UpstreamSettings:
    place = f"{VARIABLE}[{index}]"
    if bool(entry.base_url) == bool(entry.gguf):
        environment.refuse(place, "needs one of base_url and gguf, and not both")
    if entry.gguf:
        _inspect_gguf(environment, f"{place}.gguf", Path(entry.gguf))
        return UpstreamSettings(entry.name, tuple(entry.models), gguf=Path(entry.gguf))
    if entry.base_url:
        _inspect_url(environment, f"{place}.base_url", entry.base_url)
    key = _key(environment, place, entry)
    base_url = entry.base_url.rstrip("/")
    return UpstreamSettings(entry.name, tuple(entry.models), base_url=base_url, key=key)


def _inspect_url(environment: Environment, place: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
        is_good = is_address and is_bare and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        environment.refuse(
            place, "must be http:// or https://, a host and a path, without user, ? and #"
        )


def _inspect_gguf(environment: Environment, place: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        environment.refuse(place, f"names a file that cannot be read ({error.strerror})")
        return
    # A checkout without Git LFS leaves a short text file in the place of the model.
    if magic != b"GGUF":
        environment.refuse(place, "names a file that is not GGUF (is it a Git LFS pointer?)")
    if importlib.util.find_spec("xllamacpp") is None:
        environment.refuse(place, "needs the engine extra: pip install 'llmops-cli[engine]'")


def _key(environment: Environment, place: str, entry: _Entry) -> str:
    if entry.auth == "none":
        return ""
    if entry.secret is None:
        environment.refuse(f"{place}.secret", 'must name a variable, or set "auth": "none"')
        return ""
    keys = environment.credentials(entry.secret)
    if len(keys) > 1:
        environment.refuse(entry.secret, "must hold one key, without commas")
    return keys[0] if keys else ""


def _refuse_repeats(environment: Environment, upstreams: tuple[UpstreamSettings, ...]) -> None:
    for what, values in (
        ("upstream", [upstream.name for upstream in upstreams]),
        ("model", [model for upstream in upstreams for model in upstream.models]),
    ):
        for value in sorted({value for value in values if values.count(value) > 1}):
            environment.refuse(VARIABLE, f"names the {what} {value!r} more than once")
