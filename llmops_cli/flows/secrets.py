"""Secret values: set, listed, checked, removed. Values are never shown."""

import secrets as randomness
from dataclasses import dataclass

from llmops_cli.config.api_access import API_KEY, SIGNING_SECRET
from llmops_cli.config.environment import required_secrets
from llmops_cli.config.image import LITELLM_KEY
from llmops_cli.config.model import Config
from llmops_cli.core.secret import Secret, is_placeholder
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError, UsageError

_RANDOM_BYTES = 32
#: What the served API asks for, in characters; a shorter one could be guessed.
_SHORTEST = {API_KEY: 16, SIGNING_SECRET: 32, LITELLM_KEY: 16}


@dataclass(frozen=True)
class Listed:
    """A secret: whether a deploy needs it, and its current version, if it has a value."""

    name: str
    required: bool
    version: str | None
    is_placeholder: bool


def listed(config: Config, target: Target) -> list[Listed]:
    """Return the secrets that are needed or set."""
    required = required_secrets(config)
    return [
        _look(target, name, required=name in required)
        for name in dict.fromkeys([*required, *target.secrets.names()])
    ]


def store(target: Target, name: str, value: Secret) -> str:
    """Store a value and return its version.

    Raises:
        UsageError: as `accepted` says.
    """
    return target.secrets.write(name, accepted(name, value))


def accepted(name: str, value: Secret) -> Secret:
    """Return a value if it may be stored.

    Raises:
        UsageError: it is empty, a placeholder such as an example file carries, or a key that is
            too short.
    """
    if is_placeholder(value):
        raise UsageError(
            f"The value for {name} is empty or a placeholder.",
            state="Nothing was stored.",
            next_step=f"llmops secrets set {name}, with the real value.",
        )
    shortest = _SHORTEST.get(name, 0)
    if any(len(key) < shortest for key in value.reveal().split(",")):
        raise UsageError(
            f"Each key in {name} needs at least {shortest} characters.",
            state="Nothing was stored.",
            next_step=f"llmops secrets set {name} --generate",
        )
    return value


def generated(name: str) -> Secret:
    """Return a random value of 256 bits; LiteLLM's keys begin with sk-, as its documents say."""
    prefix = "sk-" if name == LITELLM_KEY else ""
    return Secret(prefix + randomness.token_urlsafe(_RANDOM_BYTES))


def check(config: Config, target: Target) -> list[Listed]:
    """Return the secrets that are needed, all of them set.

    Raises:
        PreflightError: one is missing or a placeholder; the evidence names each.
    """
    found = [secret for secret in listed(config, target) if secret.required]
    wrong = [secret for secret in found if secret.version is None or secret.is_placeholder]
    if wrong:
        raise PreflightError(
            f"{len(wrong)} of {len(found)} secrets are missing on {target.name}.",
            evidence="\n".join(
                f"{s.name}: {'holds a placeholder' if s.version else 'has no value'}" for s in wrong
            ),
            next_step=f"llmops secrets set {wrong[0].name} -t {target.name}",
        )
    return found


def _look(target: Target, name: str, *, required: bool) -> Listed:
    version = target.secrets.current_version(name)
    value = target.secrets.read(name, version) if version else None
    return Listed(name, required, version, value is not None and is_placeholder(value))
