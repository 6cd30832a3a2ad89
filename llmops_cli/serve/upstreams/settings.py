"""Reads LLMOPS_UPSTREAMS: the places that answer chat completions, and the models they serve."""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.upstreams import federation

VARIABLE = "LLMOPS_UPSTREAMS"
FALLBACKS = "LLMOPS_FALLBACKS"

#: What a token of Entra ID is asked for: the scope of Azure OpenAI.
_AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
#: The library that each kind of cloud credential needs, and the extra that brings it.
_LIBRARIES = {"entra": ("azure.identity", "entra"), "google": ("google.auth", "google")}

Auth = Literal["api-key", "entra", "google", "none"]


@dataclass(frozen=True)
class UpstreamSettings:
    """One upstream: an OpenAI-compatible address, or a GGUF file that is served in this process.

    Exactly one of ``base_url`` (with the ``/v1`` of its API, without a slash at the end) and
    ``gguf`` is set. ``key`` is sent as a Bearer token, or bare in another ``header``. ``aliases``
    are the names that models have there, by the names that they have here. ``federation`` is how a
    token of another identity becomes one of Google. With ``stream_usage`` a stream is asked to
    report its tokens. ``seconds`` limits one attempt; 0 leaves it to the budget of the request.
    """

    name: str
    models: tuple[str, ...]
    base_url: str = ""
    gguf: Path | None = None
    auth: Auth = "none"
    key: str = field(default="", repr=False)
    header: str = "Authorization"
    scope: str = _AZURE_SCOPE
    federation: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    api_version: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    stream_usage: bool = True
    seconds: float = 0.0

    @property
    def path(self) -> str:
        """Where chat completions are posted to, from the root of the host."""
        query = f"?api-version={self.api_version}" if self.api_version else ""
        return f"{urlsplit(self.base_url).path}/chat/completions{query}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    models: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    base_url: str = ""
    gguf: str = ""
    auth: Auth = "api-key"
    secret: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "Authorization"
    scope: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] = _AZURE_SCOPE
    federation: str = ""
    api_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{0,64}$")] = ""
    aliases: dict[str, Annotated[str, Field(min_length=1)]] = {}
    stream_usage: bool = True
    timeout_seconds: Annotated[float, Field(ge=0, le=3600)] = 0


def read(environment: Environment) -> tuple[UpstreamSettings, ...]:
    """Return the upstreams, and leave what is wrong with them in ``environment.problems``."""
    try:
        entries = TypeAdapter(list[_Entry]).validate_json(environment.text(VARIABLE, "[]"))
    except ValidationError as error:
        _refuse(environment, VARIABLE, error)
        return ()
    upstreams = tuple(_upstream(environment, index, entry) for index, entry in enumerate(entries))
    _refuse_repeats(environment, upstreams)
    return upstreams


def read_fallbacks(
    environment: Environment, upstreams: tuple[UpstreamSettings, ...]
) -> Mapping[str, tuple[str, ...]]:
    """Return which models stand in for a model when none of its upstreams can answer."""
    try:
        found = TypeAdapter(dict[str, tuple[str, ...]]).validate_json(
            environment.text(FALLBACKS, "{}")
        )
    except ValidationError as error:
        _refuse(environment, FALLBACKS, error)
        return {}
    served = {model for upstream in upstreams for model in upstream.models}
    for name in sorted({*found, *chain.from_iterable(found.values())} - served):
        environment.refuse(FALLBACKS, f"names {name!r}, a model that no upstream serves")
    return found


def _refuse(environment: Environment, variable: str, error: ValidationError) -> None:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        environment.refuse(_place(variable, problem["loc"]), problem["msg"])


def _place(variable: str, location: tuple[int | str, ...]) -> str:
    return variable + "".join(
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
    _inspect_library(environment, place, entry.auth)
    for alias in sorted(entry.aliases.keys() - set(entry.models)):
        environment.refuse(f"{place}.aliases", f"renames {alias!r}, which is not in its models")
    return UpstreamSettings(
        name=entry.name,
        models=tuple(entry.models),
        base_url=entry.base_url.rstrip("/"),
        auth=entry.auth,
        key=_key(environment, place, entry),
        header=entry.header,
        scope=entry.scope,
        federation=_federation(environment, f"{place}.federation", entry),
        api_version=entry.api_version,
        aliases=entry.aliases,
        stream_usage=entry.stream_usage,
        seconds=entry.timeout_seconds,
    )


def _federation(environment: Environment, place: str, entry: _Entry) -> Mapping[str, Any] | None:
    if entry.federation and entry.auth != "google":
        environment.refuse(place, 'goes with "auth": "google" only')
        return None
    return federation.read(environment, place, entry.federation) if entry.federation else None


def _inspect_library(environment: Environment, place: str, auth: Auth) -> None:
    library, extra = _LIBRARIES.get(auth, ("", ""))
    if library and not _is_installed(library):
        environment.refuse(
            f"{place}.auth", f"needs the {extra} extra: pip install 'llmops-cli[{extra}]'"
        )


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:
        return False


def _inspect_url(environment: Environment, place: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
        is_bare = is_bare and re.fullmatch(r"[!-~]+", url) is not None
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
    if entry.auth != "api-key":
        return ""
    if entry.secret is None:
        environment.refuse(f"{place}.secret", 'must name a variable, or set "auth": "none"')
        return ""
    keys = environment.credentials(entry.secret)
    if len(keys) > 1:
        environment.refuse(entry.secret, "must hold one key, without commas")
    return keys[0] if keys else ""


def _refuse_repeats(environment: Environment, upstreams: tuple[UpstreamSettings, ...]) -> None:
    """One model may be served by several upstreams: the later ones are its fallbacks."""
    for name in _repeated(upstream.name for upstream in upstreams):
        environment.refuse(VARIABLE, f"names the upstream {name!r} more than once")
    for upstream in upstreams:
        for model in _repeated(upstream.models):
            environment.refuse(VARIABLE, f"lists {model!r} twice in upstream {upstream.name!r}")


def _repeated(values: Iterable[str]) -> list[str]:
    return sorted(value for value, count in Counter(values).items() if count > 1)
