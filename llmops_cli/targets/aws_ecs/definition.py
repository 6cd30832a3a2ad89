"""The task definition of a release: complete every time, so that nothing is left to chance."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.release import Release
from llmops_cli.targets.aws_ecs.revision import ASKED_TAG, RELEASE_TAG
from llmops_cli.targets.aws_ecs.service import tags_of
from llmops_cli.targets.variables import DATA_FOLDER, variables_of

#: The container, where no load balancer names one.
CONTAINER = "api"
#: Seconds that Fargate lets a container take to stop, at most; one that is done ends sooner.
STOP_SECONDS = 120
#: The longest that failed checks may be forgiven, in seconds.
_LONGEST_START = 300
_FILES = 65535
#: The user that the images of the embedded API are made for.
_USER = "10001:10001"
_PROBE = ["CMD", "/venv/bin/python", "-P", "-m", "llmops_cli.serve.process.probe"]
_SCRATCH_SHARE = 8

#: Says how a release names a version of a secret: its name and version -> an ARN.
Reference = Callable[[str, str], str]


@dataclass(frozen=True)
class Shape:
    """What a task definition takes from the project file, and from the service.

    ``container`` and ``port`` are those that the load balancer knows; ``is_ours`` says whether the
    image holds the embedded API, whose probe, user and folders are known.
    """

    configured: AwsTarget
    family: str
    container: str
    port: int
    log_group: str
    region: str
    is_ours: bool
    reference: Reference
    #: What asks a server that is not ours whether it lives, if that is known.
    probe: tuple[str, ...] = ()


def definition_of(shape: Shape, release: Release) -> dict[str, Any]:
    """Return what registers the task definition of a release."""
    configured = shape.configured
    document: dict[str, Any] = {
        "family": shape.family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {
            "cpuArchitecture": configured.architecture.upper(),
            "operatingSystemFamily": "LINUX",
        },
        "cpu": str(configured.cpu),
        "memory": str(configured.memory),
        "containerDefinitions": [_container(shape, release)],
    }
    if configured.execution_role:
        document["executionRoleArn"] = configured.execution_role
    if configured.task_role:
        document["taskRoleArn"] = configured.task_role
    tags = {RELEASE_TAG: release.id, "llmops:commit": release.commit}
    tags[ASKED_TAG] = digest_of(document)
    return {**document, "tags": tags_of(tags)}


def digest_of(document: dict[str, Any]) -> str:
    """Return a name for exactly this definition; AWS adds things of its own to what it answers."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _container(shape: Shape, release: Release) -> dict[str, Any]:
    variables = variables_of(release)
    versions = sorted(release.secret_versions.items())
    return {
        "name": shape.container,
        "image": release.image,
        "essential": True,
        "portMappings": [{"containerPort": shape.port, "protocol": "tcp"}],
        "environment": [{"name": key, "value": text} for key, text in sorted(variables.items())],
        "secrets": [
            {"name": name, "valueFrom": shape.reference(name, version)}
            for name, version in versions
        ],
        "stopTimeout": STOP_SECONDS,
        "ulimits": [{"name": "nofile", "softLimit": _FILES, "hardLimit": _FILES}],
        "logConfiguration": _logs(shape, release),
        **({"user": _USER} if shape.is_ours else {}),
        **(_of_known(shape) if shape.is_ours or shape.probe else {}),
    }


def _of_known(shape: Shape) -> dict[str, Any]:
    """Return what is known of the embedded API and of LiteLLM: an image of others may write
    anywhere, and hold no program that could ask it anything.
    """
    start = min(math.ceil(shape.configured.ready_seconds), _LONGEST_START)
    # What is written goes to memory of the task; an empty volume would belong to root.
    size = shape.configured.memory // _SCRATCH_SHARE
    options = ["rw", "nosuid", "nodev", "noexec"]
    return {
        "readonlyRootFilesystem": True,
        "linuxParameters": {
            "tmpfs": [
                {"containerPath": path, "size": size, "mountOptions": options}
                for path in ("/tmp", DATA_FOLDER)  # noqa: S108 - the container's own
            ]
        },
        "healthCheck": {
            "command": [*shape.probe] or _PROBE,
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": start,
        },
    }


def _logs(shape: Shape, release: Release) -> dict[str, Any]:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": shape.log_group,
            "awslogs-region": shape.region,
            "awslogs-stream-prefix": release.id,
            # The API does not wait for CloudWatch.
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    }
