"""Writes the services of a profile as the text of a compose file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.rendering import render
from llmops_cli.targets.compose.service import Mount, Service, mounts_of

#: Variables from which programs read a key, by service; others bear the name of the secret.
_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "qdrant": {"QDRANT_API_KEY": "QDRANT__SERVICE__API_KEY"},
}

#: Services that requests pass through get longer than the API to finish them, in seconds.
_LONGER = 10
_SHORTEST_GRACE = 40


@dataclass(frozen=True)
class Stack:
    """What services are written for: the stack's name, the versions of its secrets, and how many
    seconds a release has to finish its requests.
    """

    name: str
    secret_versions: Mapping[str, str]
    drain_seconds: float


def render_services(services: Sequence[Service], stack: Stack) -> str:
    """Return the entries of ``services:``, indented by two spaces; no value of a secret in them.

    ``stack`` has a version of every secret of the services.
    """
    return "".join(_rendered(service, stack) for service in services)


def volumes_of(services: Sequence[Service], stack: Stack) -> tuple[Mount, ...]:
    """Return every volume of the services once, to be declared under ``volumes:``."""
    mounts = {
        mount.volume: mount
        for service in services
        for mount in mounts_of(service, stack.name, stack.secret_versions)
    }
    return tuple(mounts[name] for name in sorted(mounts))


def _rendered(service: Service, stack: Stack) -> str:
    renames = _VARIABLES.get(service.name, {})
    grace = max(_SHORTEST_GRACE, round(stack.drain_seconds) + _LONGER)
    values = {
        "gpus": 0,
        **{key: _plain(value) for key, value in service.values.items()},
        "image": service.image,
        "start_seconds": service.start_seconds,
        "mounts": mounts_of(service, stack.name, stack.secret_versions),
        "exports": [(renames.get(name, name), name) for name in service.secrets],
        "grace": f"{grace}s",
    }
    return render(f"compose/services/{service.name}.yaml.j2", {"service": values})


def _plain(value: object) -> object:
    """Quote texts that the operator wrote, for YAML and against compose's own ``$``."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _quoted(value) if isinstance(value, str) else value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("$", "$$")
