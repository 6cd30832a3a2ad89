"""A task of the fake ECS: what was started of a task definition, and how it ended."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.secrets import Secrets
from tests.fakes.containers import Container, Containers

#: What tasks of a release do besides what their image does: nothing; there is no capacity for
#: them, or the account may have no more; the load balancer never finds them healthy; they run out
#: of memory; they stay pending; AWS finds them well, and nobody gets an answer; they run, and are
#: never well, which AWS forgives for the time of grace.
Manner = Literal[
    "good",
    "no capacity",
    "quota",
    "target unhealthy",
    "out of memory",
    "pending",
    "silent",
    "forgiven",
]
#: How often a task is looked at before its health check counts as failed.
PATIENCE = 2
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/demo"


@dataclass(frozen=True)
class Stop:
    """Why a task stopped, in AWS's words."""

    code: str
    reason: str
    exit_code: int | None = None
    of_container: str = ""


_CRASHED = Stop("EssentialContainerExited", "Essential container in task exited", 1)
KILLED = Stop(
    "EssentialContainerExited",
    "Essential container in task exited",
    137,
    "OutOfMemoryError: Container killed due to memory usage",
)
_UNHEALTHY = Stop("ServiceSchedulerInitiated", "Task failed container health checks")
_UNREACHED = Stop(
    "ServiceSchedulerInitiated",
    f"Task failed ELB health checks in (target-group {TARGET_GROUP}-a/0123456789abcdef)",
)
SCALED_IN = "Scaling activity initiated by (deployment {})"


@dataclass
class Task:
    """One task. ``looks`` is how often somebody asked for it or for its service."""

    id: str
    definition: dict[str, Any]
    started_by: str
    manner: Manner = "good"
    container: Container | None = None
    stop: Stop | None = None
    looks: int = 0
    address: str = "10.0.1.5"
    created: float = field(default_factory=time.time)

    @property
    def arn(self) -> str:
        """Its ARN, in the cluster of the tests."""
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/demo/{self.id}"

    @property
    def container_name(self) -> str:
        """The name of its first container."""
        return str(self.definition["containerDefinitions"][0]["name"])

    @property
    def log_options(self) -> dict[str, str]:
        """Where the driver awslogs writes; nothing where it is not the driver."""
        found = self.definition["containerDefinitions"][0].get("logConfiguration") or {}
        return dict(found.get("options") or {}) if found.get("logDriver") == "awslogs" else {}

    @property
    def status(self) -> str:
        """Its state, as AWS names it."""
        is_pending = self.looks < 1 or self.manner == "pending"
        return "STOPPED" if self.stop else "PENDING" if is_pending else "RUNNING"

    @property
    def is_healthy(self) -> bool:
        """Whether its health check and the load balancer's pass."""
        if self.stop or self.looks < 1 or self.container is None:
            return False
        if self.manner in ("target unhealthy", "pending", "out of memory", "forgiven"):
            return False
        return self.container.is_ready

    def look(self) -> None:
        """Let it get on by one look: to run, or to fail."""
        self.looks += 1
        if self.stop is None and self.looks > PATIENCE:
            self.stop = self._failed()
            if self.stop is not None and self.container is not None:
                self.container.stop()

    def end(self, reason: str) -> None:
        """Stop it, as the service's scheduler does."""
        if self.stop is None:
            self.stop = Stop("ServiceSchedulerInitiated", reason, 0)
            if self.container is not None:
                self.container.stop()

    def _failed(self) -> Stop | None:
        if self.manner == "target unhealthy":
            return _UNREACHED
        if self.manner == "out of memory":
            return KILLED
        if self.manner in ("pending", "forgiven") or self.container is None:
            return None
        if not self.container.is_running:
            return _CRASHED
        return _UNHEALTHY if self.container.address is None else None

    def document(self) -> dict[str, Any]:
        """Return it as AWS shows it."""
        status = self.status
        shown: dict[str, Any] = {
            "taskArn": self.arn,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/demo",
            "taskDefinitionArn": self.definition["taskDefinitionArn"],
            "containers": [self._container(status)],
            "lastStatus": status,
            "desiredStatus": "STOPPED" if self.stop else "RUNNING",
            "healthStatus": "HEALTHY" if self.is_healthy else "UNKNOWN",
            "startedBy": self.started_by,
            "group": "service:demo",
            "launchType": "FARGATE",
            "cpu": self.definition.get("cpu", "256"),
            "memory": self.definition.get("memory", "512"),
            "createdAt": self.created,
            "version": 1 + self.looks,
        }
        if self.stop:
            shown |= {"stopCode": self.stop.code, "stoppedReason": self.stop.reason}
            shown["stoppedAt"] = self.created + 1
        return shown

    def _container(self, status: str) -> dict[str, Any]:
        image = self.definition["containerDefinitions"][0]["image"]
        shown = {
            "containerArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:container/demo/{self.id}/c",
            "taskArn": self.arn,
            "name": self.container_name,
            "image": image,
            "imageDigest": image.partition("@")[2],
            "lastStatus": status,
            "healthStatus": "HEALTHY" if self.is_healthy else "UNKNOWN",
            "networkInterfaces": [{"privateIpv4Address": self.address}],
        }
        if self.stop and self.stop.exit_code is not None:
            shown["exitCode"] = self.stop.exit_code
        if self.stop and self.stop.of_container:
            shown["reason"] = self.stop.of_container
        return shown


@dataclass
class Launcher:
    """Starts tasks: pulls images, and fetches their secrets."""

    containers: Containers
    secrets: Secrets
    manners: dict[str, Manner] = field(default_factory=dict)
    started: dict[str, Task] = field(default_factory=dict)

    def manner(self, definition: dict[str, Any]) -> Manner:
        """Return what tasks of a definition do, by the release that it has."""
        return self.manners.get(plain_environment(definition).get("LLMOPS_RELEASE", ""), "good")

    def launch(self, definition: dict[str, Any], started_by: str) -> Task:
        """Start a task; what is wrong with its image or its secrets stops it at once."""
        number = len(self.started) + 1
        task = Task(f"{number:032x}", definition, started_by, self.manner(definition))
        task.address = f"10.0.{number // 250 + 1}.{number % 250 + 1}"
        self.started[task.id] = task
        of_container = definition["containerDefinitions"][0]
        environment = plain_environment(definition)
        for one in of_container.get("secrets") or []:
            value = self.secrets.resolve(one["valueFrom"])
            if value is None:
                task.stop = Stop("TaskFailedToStart", _unread(one["valueFrom"]))
                return task
            environment[one["name"]] = value
        if why := self.containers.why_not_pulled(of_container["image"]):
            task.stop = Stop("TaskFailedToStart", f"CannotPullContainerError: {why}")
            return task
        port = (of_container.get("portMappings") or [{}])[0].get("containerPort", 80)
        task.container = self.containers.start(of_container["image"], environment, port)
        return task


def plain_environment(definition: dict[str, Any]) -> dict[str, str]:
    """Return the variables of the first container that have their value in the definition."""
    found = definition["containerDefinitions"][0].get("environment") or []
    return {one["name"]: one.get("value", "") for one in found}


def _unread(reference: str) -> str:
    return (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
        "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 "
        f"time(s): failed to fetch secret {reference} from secrets manager: AccessDeniedException"
    )
