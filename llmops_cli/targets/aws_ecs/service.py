"""A service of ECS and its tasks, read from what AWS answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Balancer:
    """Where a load balancer sends the requests of a service: a container's port.

    ``alternate`` and the rules are set where releases are checked at a test listener.
    """

    target_group: str
    container: str
    port: int
    alternate: str = ""
    test_rule: str = ""


@dataclass(frozen=True)
class Rollout:
    """A deployment as the service tells of it: ``state`` is IN_PROGRESS, COMPLETED or FAILED."""

    id: str
    status: str
    definition: str
    desired: int
    running: int
    pending: int
    failed: int
    state: str
    reason: str = ""

    @property
    def is_primary(self) -> bool:
        """Whether it is the latest."""
        return self.status == "PRIMARY"


@dataclass(frozen=True)
class Happening:
    """An event of a service."""

    at: datetime | None
    message: str


@dataclass(frozen=True)
class Service:
    """A service. ``definition`` is the ARN of the task definition that it should run."""

    name: str
    arn: str
    definition: str
    desired: int
    running: int
    pending: int
    launch: str
    rollouts: tuple[Rollout, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    deployment: str = ""
    grace_seconds: int = 0
    controller: str = "ECS"
    events: tuple[Happening, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def primary(self) -> Rollout | None:
        """The latest deployment."""
        return next((one for one in self.rollouts if one.is_primary), None)

    @property
    def can_test(self) -> bool:
        """Whether it has what a release is checked at before it has traffic."""
        return any(one.alternate and one.test_rule for one in self.balancers)

    @property
    def told(self) -> str:
        """How many tasks it has, in one line."""
        pending = f", {self.pending} starting" if self.pending else ""
        return f"{self.running} of {self.desired} tasks run{pending}"


@dataclass(frozen=True)
class Task:
    """A task: ``exits`` are the exit codes of its containers, ``digests`` what they really run."""

    arn: str
    definition: str
    deployment: str
    status: str
    health: str = ""
    stop_code: str = ""
    reason: str = ""
    exits: tuple[int, ...] = ()
    container_reasons: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    created: datetime | None = None
    address: str = ""

    @property
    def id(self) -> str:
        """The last part of its ARN, which also names its log."""
        return self.arn.rpartition("/")[2]

    @property
    def has_failed(self) -> bool:
        """Whether it ended of itself, never began, or was found unwell; not because it was told."""
        if self.stop_code in ("TaskFailedToStart", "EssentialContainerExited"):
            return True
        return "health check" in self.reason.lower()

    @property
    def told(self) -> str:
        """Why it ended, in one line."""
        exits = ", ".join(f"exit code {code}" for code in self.exits)
        parts = (self.stop_code, self.reason, *self.container_reasons, exits)
        said = list(dict.fromkeys(part for part in parts if part))
        return f"Task {self.id[:8]}: {'; '.join(said) or self.status.lower()}"


def service_from(document: Mapping[str, Any]) -> Service:
    """Read a service from AWS's answer."""
    return Service(
        name=_text(document, "serviceName"),
        arn=_text(document, "serviceArn"),
        definition=_text(document, "taskDefinition"),
        desired=_number(document, "desiredCount"),
        running=_number(document, "runningCount"),
        pending=_number(document, "pendingCount"),
        launch=_launch(document),
        rollouts=tuple(_rollout(one) for one in document.get("deployments") or ()),
        balancers=tuple(_balancer(one) for one in document.get("loadBalancers") or ()),
        deployment=_text(document, "currentServiceDeployment"),
        grace_seconds=_number(document, "healthCheckGracePeriodSeconds"),
        controller=_text(document.get("deploymentController") or {}, "type") or "ECS",
        events=tuple(
            Happening(one.get("createdAt"), _text(one, "message"))
            for one in document.get("events") or ()
        ),
        configuration=document.get("deploymentConfiguration") or {},
    )


def task_from(document: Mapping[str, Any]) -> Task:
    """Read a task from AWS's answer."""
    containers: Sequence[Mapping[str, Any]] = document.get("containers") or ()
    return Task(
        arn=_text(document, "taskArn"),
        definition=_text(document, "taskDefinitionArn"),
        deployment=_text(document, "startedBy"),
        status=_text(document, "lastStatus"),
        health=_text(document, "healthStatus"),
        stop_code=_text(document, "stopCode"),
        reason=_text(document, "stoppedReason"),
        exits=tuple(one["exitCode"] for one in containers if one.get("exitCode") is not None),
        container_reasons=tuple(_text(one, "reason") for one in containers if one.get("reason")),
        digests=tuple(_text(one, "imageDigest") for one in containers if one.get("imageDigest")),
        created=document.get("createdAt"),
        address=next((one for container in containers for one in _addresses(container)), ""),
    )


def tags_from(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return tags by their keys."""
    return {one.get("key", ""): one.get("value", "") for one in tags}


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as ECS takes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def _addresses(container: Mapping[str, Any]) -> list[str]:
    networks = container.get("networkInterfaces") or ()
    return [_text(o, "privateIpv4Address") for o in networks if o.get("privateIpv4Address")]


def _launch(document: Mapping[str, Any]) -> str:
    providers = [
        _text(o, "capacityProvider") for o in document.get("capacityProviderStrategy") or ()
    ]
    return _text(document, "launchType") or ", ".join(providers)


def _rollout(document: Mapping[str, Any]) -> Rollout:
    return Rollout(
        id=_text(document, "id"),
        status=_text(document, "status"),
        definition=_text(document, "taskDefinition"),
        desired=_number(document, "desiredCount"),
        running=_number(document, "runningCount"),
        pending=_number(document, "pendingCount"),
        failed=_number(document, "failedTasks"),
        state=_text(document, "rolloutState"),
        reason=_text(document, "rolloutStateReason"),
    )


def _balancer(document: Mapping[str, Any]) -> Balancer:
    more: Mapping[str, Any] = document.get("advancedConfiguration") or {}
    return Balancer(
        target_group=_text(document, "targetGroupArn"),
        container=_text(document, "containerName"),
        port=_number(document, "containerPort"),
        alternate=_text(more, "alternateTargetGroupArn"),
        test_rule=_text(more, "testListenerRule"),
    )


def _text(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    return str(found) if found else ""


def _number(document: Mapping[str, Any], key: str) -> int:
    return int(document.get(key) or 0)
