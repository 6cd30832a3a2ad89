"""A deployment of a service, read from what AWS answers: the only thing that says how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

_GOING = frozenset({"PENDING", "IN_PROGRESS"})
_GOING_BACK = frozenset({"STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
#: Stages at which a deployment waits for us.
TESTED, SHIFTED = "POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"
_STAGES = {
    "RECONCILE_SERVICE": "other revisions are put in order",
    "PRE_SCALE_UP": "before its tasks start",
    "SCALE_UP": "its tasks start",
    "POST_SCALE_UP": "its tasks have started",
    "TEST_TRAFFIC_SHIFT": "the test listener moves to it",
    TESTED: "the test listener has it",
    "PRODUCTION_TRAFFIC_SHIFT": "the traffic moves to it",
    SHIFTED: "it has the traffic",
    "BAKE_TIME": "AWS watches it",
    "CLEAN_UP": "the old tasks finish what they do",
}
_AFTER_SCALE_UP = tuple(_STAGES)[tuple(_STAGES).index("POST_SCALE_UP") :]


@dataclass(frozen=True)
class Deployment:
    """A deployment: ``target`` is the service revision that it brings, ``definition`` the task
    definition of that, and ``hook`` the pause that waits for somebody's word, if one does.
    """

    arn: str
    status: str
    stage: str = ""
    reason: str = ""
    hook: str = ""
    target: str = ""
    definition: str = ""
    running: int = 0
    wanted: int = 0
    before: int = 0
    failures: int = 0
    threshold: int = 0
    strategy: str = ""
    created: datetime | None = None

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def is_going(self) -> bool:
        """Whether it is under way, and forward."""
        return self.status in _GOING

    @property
    def is_going_back(self) -> bool:
        """Whether it is being taken back."""
        return self.status in _GOING_BACK

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return not (self.is_going or self.is_going_back)

    @property
    def is_up(self) -> bool:
        """Whether as many of its tasks run as it wants; that they are well is another question."""
        return self.wanted > 0 and self.running >= self.wanted

    @property
    def was_well(self) -> bool:
        """Whether AWS has found its tasks well, and gone on, which shows where it has a test
        listener.
        """
        return self.strategy == "BLUE_GREEN" and self.stage in _AFTER_SCALE_UP

    @property
    def told(self) -> str:
        """How it goes, in one line."""
        stage = _STAGES.get(self.stage, self.stage.lower())
        if not self.is_going:
            stage = self.status.replace("_", " ").lower()
        tasks = f"{self.running} of {self.wanted} new tasks run"
        old = f", {self.before} old" if self.before else ""
        failed = f", {self.failures} failed" if self.failures else ""
        return f"{tasks}{old}{failed}{f': {stage}' if stage else ''}"

    def is_paused_at(self, stage: str) -> bool:
        """Whether it waits for our word at a stage."""
        return self.is_going and self.stage == stage and bool(self.hook)

    def bringing(self, definition: str) -> "Deployment":
        """Return it with the task definition that it brings."""
        return replace(self, definition=definition)


def deployment_from(document: Mapping[str, Any]) -> Deployment:
    """Read a deployment from AWS's answer."""
    target: Mapping[str, Any] = document.get("targetServiceRevision") or {}
    breaker: Mapping[str, Any] = document.get("deploymentCircuitBreaker") or {}
    configuration: Mapping[str, Any] = document.get("deploymentConfiguration") or {}
    waiting = [
        one
        for one in document.get("lifecycleHookDetails") or ()
        if one.get("targetType") == "PAUSE" and one.get("status") == "AWAITING_ACTION"
    ]
    return Deployment(
        arn=str(document["serviceDeploymentArn"]),
        status=str(document.get("status") or ""),
        stage=str(document.get("lifecycleStage") or ""),
        reason=str(document.get("statusReason") or ""),
        hook=str(waiting[0].get("hookId") or "") if waiting else "",
        target=str(target.get("arn") or ""),
        running=int(target.get("runningTaskCount") or 0),
        wanted=int(target.get("requestedTaskCount") or 0),
        before=_running(document),
        failures=int(breaker.get("failureCount") or 0),
        threshold=int(breaker.get("threshold") or 0),
        strategy=str(configuration.get("strategy") or ""),
        created=document.get("createdAt"),
    )


def _running(document: Mapping[str, Any]) -> int:
    sources = document.get("sourceServiceRevisions") or ()
    return sum(int(one.get("runningTaskCount") or 0) for one in sources)
