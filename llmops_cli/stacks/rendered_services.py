"""Writes the services of a profile as the text of a compose file."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.rendering import render
from llmops_cli.stacks.service import Mount, Service, mounts_of

#: Variables from which programs read a key, by service; others bear the name of the secret.
_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "qdrant": {"QDRANT_API_KEY": "QDRANT__SERVICE__API_KEY"},
}

#: Services that requests pass through get longer than the API to finish them, in seconds.
_LONGER = 10
_SHORTEST_GRACE = 40


def _none(service: Service) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Placement:
    """What services are written for: the stack's name, the versions of its secrets, how many
    seconds a release has to finish its requests, and the labels of each service's container.
    """

    stack: str
    secret_versions: Mapping[str, str]
    drain_seconds: float
    labels_of: Callable[[Service], Mapping[str, str]] = _none


def render_services(services: Sequence[Service], place: Placement) -> str:
    """Return the entries of ``services:``, indented by two spaces; no value of a secret in them.

    ``place`` has a version of every secret of the services.
    """
    return "".join(_rendered(service, place) for service in services)


def volumes_of(services: Sequence[Service], place: Placement) -> tuple[Mount, ...]:
    """Return every volume of the services once, to be declared under ``volumes:``."""
    mounts = {
        mount.volume: mount
        for service in services
        for mount in mounts_of(service, place.stack, place.secret_versions)
    }
    return tuple(mounts[name] for name in sorted(mounts))


def _rendered(service: Service, place: Placement) -> str:
    renames = _VARIABLES.get(service.name, {})
    labels = place.labels_of(service)
    grace = max(_SHORTEST_GRACE, round(place.drain_seconds) + _LONGER)
    values = {
        "gpus": 0,
        "published": 0,
        "extra_host": "",
        **{key: _plain(value) for key, value in service.values.items()},
        "image": service.image,
        "start_seconds": service.start_seconds,
        "mounts": mounts_of(service, place.stack, place.secret_versions),
        "exports": [(renames.get(name, name), name) for name in service.secrets],
        "grace": f"{grace}s",
        "labels": {_quoted(name): _quoted(value) for name, value in labels.items()},
    }
    return render(f"compose/services/{service.name}.yaml.j2", {"service": values})


def _plain(value: object) -> object:
    """Quote texts that the operator wrote, for YAML and against compose's own ``$``."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _quoted(value) if isinstance(value, str) else value


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("$", "$$")
