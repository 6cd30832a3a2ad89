"""The template of a release's revision: complete every time, so that nothing is left to chance."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.core.release import Release
from llmops_cli.targets.azure_containerapp.app import containers_of
from llmops_cli.targets.azure_containerapp.secrets import names_of
from llmops_cli.targets.azure_containerapp.variables import container_of, variables_of

CONTAINER = "api"
#: The longest that Azure lets a container take to stop, in seconds.
LONGEST_GRACE = 600
#: Characters of a whole revision name, which is APP--SUFFIX.
_LONGEST_NAME = 54
#: Seconds on top of what the API asks for, to end the process itself.
_END_SECONDS = 5


@dataclass(frozen=True)
class Shape:
    """What a template takes from the project file: the place, the port, and whose image it is."""

    configured: AzureContainerAppTarget
    port: int
    is_ours: bool


def template_of(
    shape: Shape, release: Release, suffix: str, present: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the whole template of a new revision.

    ``present`` is the app's template now: containers that others put beside ours stay, for the
    list of containers is replaced as a whole; volumes stay because nothing is said of them.
    """
    return {
        "revisionSuffix": suffix,
        "terminationGracePeriodSeconds": grace_of(release),
        "containers": [_container(shape, release, present), *_beside(present)],
        "scale": _scale(shape.configured),
    }


def suffix_of(app: str, release: Release, number: int) -> str:
    """Return a suffix that no revision of the app has had; ``number`` counts the revisions made.

    Where a suffix is used again, Azure changes nothing and says that it has succeeded.
    """
    count = f"-{number}"
    room = _LONGEST_NAME - len(app) - len("--") - len(count)
    word = re.sub(r"[^a-z0-9]+", "-", f"r{release.id}".lower())[:room].strip("-")
    return f"{word}{count}"


def grace_of(release: Release) -> int:
    """Return the seconds that a container of a release gets to stop."""
    asked = seconds_of(release, "LLMOPS_DRAIN_SECONDS") + seconds_of(
        release, "LLMOPS_LINGER_SECONDS"
    )
    return min(math.ceil(asked) + _END_SECONDS, LONGEST_GRACE)


def seconds_of(release: Release, setting: str) -> float:
    """Return a setting that is a number of seconds; none is 0."""
    return float(release.settings.get(setting) or 0)


def _container(shape: Shape, release: Release, present: Mapping[str, Any]) -> dict[str, Any]:
    before = _replaced(present) or {}
    secrets = names_of(shape.configured, release)
    mounts = before.get("volumeMounts")
    return {
        "name": CONTAINER,
        "image": release.image,
        "env": [variable.document() for variable in variables_of(release, secrets)],
        "resources": {"cpu": shape.configured.cpu, "memory": shape.configured.memory},
        "probes": _probes(shape),
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _replaced(present: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the container that ours takes the place of: ours, or the only one that is there."""
    there = containers_of(present)
    named = next((one for one in there if one.get("name") == CONTAINER), None)
    return container_of(present) or named or (there[0] if there else None)


def _beside(present: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    ours = _replaced(present)
    return [container for container in containers_of(present) if container is not ours]


def _probes(shape: Shape) -> list[dict[str, Any]]:
    # Azure lets a probe fail ten times at most, so the pauses have to be as long as it takes: the
    # embedded API listens within seconds, a server that loads a model first within minutes.
    longest = 6 if shape.is_ours else 240
    period = min(max(math.ceil(shape.configured.ready_seconds / 10), 1), longest)
    startup = {"periodSeconds": period, "failureThreshold": 10, "timeoutSeconds": min(5, period)}
    return [
        {"type": "Startup", **_asks(shape, "/health/live"), **startup},
        {
            "type": "Readiness",
            **_asks(shape, "/health/ready"),
            "periodSeconds": 5,
            "failureThreshold": 3,
            "timeoutSeconds": 5,
        },
        {
            "type": "Liveness",
            **_asks(shape, "/health/live"),
            "periodSeconds": 10,
            "failureThreshold": 3,
            "timeoutSeconds": 5,
        },
    ]


def _asks(shape: Shape, path: str) -> dict[str, Any]:
    """Return what a probe asks. Of an image of others only the port is known."""
    if not shape.is_ours:
        return {"tcpSocket": {"port": shape.port}}
    return {"httpGet": {"path": path, "port": shape.port, "scheme": "HTTP"}}


def _scale(configured: AzureContainerAppTarget) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    if configured.concurrent_requests:
        # Azure takes numbers in rules as texts only.
        asked = {"concurrentRequests": str(configured.concurrent_requests)}
        rules.append({"name": "http", "http": {"metadata": asked}})
    # A rule on processors would keep one replica where the project wants none.
    if configured.cpu_percent and configured.min_replicas:
        load = {"type": "Utilization", "value": str(configured.cpu_percent)}
        rules.append({"name": "cpu", "custom": {"type": "cpu", "metadata": load}})
    return {
        "minReplicas": configured.min_replicas,
        "maxReplicas": configured.max_replicas,
        "rules": rules,
    }
