"""The version of a model that a release becomes, and how it is deployed; whole every time."""

import math
import re
from collections.abc import Mapping
from typing import Any

from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.core.release import Release
from llmops_cli.targets.gcp_vertex.place import Place
from llmops_cli.targets.gcp_vertex.variables import variables_of

HEALTH_ROUTE, PREDICT_ROUTE = "/health/ready", "/predict"
#: The longest that Google lets a deployment take to become ready, in seconds.
LONGEST_DEPLOYMENT = 7200
_STARTUP_PERIOD = 5


def model_of(place: Place, release: Release, references: Mapping[str, str]) -> dict[str, Any]:
    """Return the version of the model that runs a release."""
    return {
        "display_name": place.project_name,
        "version_description": f"{release.id} {release.subject}"[:200],
        "labels": {"llmops-project": place.project_name, "llmops-release": _label(release.id)},
        "container_spec": _container(place, release, references),
    }


def deployed_model_of(place: Place, release: Release, version: str) -> dict[str, Any]:
    """Return how a version is deployed: on which machines, how many, and as whom."""
    configured = place.configured
    found: dict[str, Any] = {
        "model": f"{place.model}@{version}",
        "display_name": release.id,
        "dedicated_resources": {
            "machine_spec": _machine(configured),
            "min_replica_count": configured.min_replicas,
            "max_replica_count": max(configured.min_replicas, configured.max_replicas),
        },
    }
    if configured.service_account:
        found["service_account"] = configured.service_account
    return found


def _container(place: Place, release: Release, references: Mapping[str, str]) -> dict[str, Any]:
    environment = variables_of(release, references)
    seconds = place.configured.ready_seconds
    found: dict[str, Any] = {
        "image_uri": release.image,
        "env": [{"name": name, "value": text} for name, text in environment.items()],
        "ports": [{"container_port": place.port}],
        "predict_route": PREDICT_ROUTE,
        "health_route": HEALTH_ROUTE,
        "deployment_timeout": {"seconds": min(math.ceil(seconds), LONGEST_DEPLOYMENT)},
        "startup_probe": {
            "http_get": _asks(place, "/health/live"),
            "period_seconds": _STARTUP_PERIOD,
            "timeout_seconds": _STARTUP_PERIOD,
            "failure_threshold": max(1, math.ceil(seconds / _STARTUP_PERIOD)),
        },
        "health_probe": {
            "http_get": _asks(place, HEALTH_ROUTE),
            "period_seconds": 10,
            "timeout_seconds": 5,
            "failure_threshold": 3,
        },
    }
    if place.configured.shared_memory_mb:
        found["shared_memory_size_mb"] = place.configured.shared_memory_mb
    return found


def _asks(place: Place, path: str) -> dict[str, Any]:
    return {"path": path, "port": place.port, "scheme": "HTTP"}


def _machine(configured: VertexTarget) -> dict[str, Any]:
    found: dict[str, Any] = {"machine_type": configured.machine_type}
    if configured.accelerator_type:
        found["accelerator_type"] = configured.accelerator_type
        found["accelerator_count"] = configured.accelerator_count
    return found


def _label(release: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "_", release.lower())[:63]
