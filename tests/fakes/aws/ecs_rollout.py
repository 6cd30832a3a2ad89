"""A service deployment of the fake ECS: its way from one revision to the next, stage by stage."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.ecs_revision import Revision
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.wire import RefusedError

_STAGES = (
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
_ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
_FAILED = "ECS deployment circuit breaker: tasks failed to start."
Tick = Callable[[Revision], None]


@dataclass
class Rollout:
    """One service deployment. ``sources`` ran before; the first of them is gone back to.

    ``is_stuck`` lets it stay where it is; ``ignores_hooks`` lets it run past its pauses.
    """

    id: str
    target: Revision
    sources: list[Revision]
    configuration: dict[str, Any]
    status: str = "PENDING"
    reason: str = ""
    stage: str = ""
    hooks: list[dict[str, Any]] = field(default_factory=list)
    rollback: dict[str, Any] | None = None
    is_on_test: bool = False
    baked: int = 0
    created: float = 0.0

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/demo/demo/{self.id}"

    @property
    def is_over(self) -> bool:
        """Whether nothing happens any more."""
        return self.status in _ENDED

    @property
    def is_native(self) -> bool:
        """Whether it goes by stages, with a test listener."""
        return self.configuration.get("strategy", "ROLLING") != "ROLLING"

    @property
    def waiting(self) -> dict[str, Any] | None:
        """The hook that waits for somebody."""
        return next((one for one in self.hooks if one["status"] == "AWAITING_ACTION"), None)

    def tick(self, tick: Tick) -> None:
        """Get on by one step; ``tick`` lets the tasks of a revision get on."""
        if self.status == "PENDING":
            self.status, self.stage = "IN_PROGRESS", _STAGES[0] if self.is_native else "SCALE_UP"
            return
        if self.status == "ROLLBACK_REQUESTED":
            self._go_back()
            return
        if self.status == "ROLLBACK_IN_PROGRESS":
            self._end_going_back(tick)
            return
        tick(self.target)
        for source in self.sources:
            tick(source)
        if not self._is_broken() and self.waiting is None:
            self._advance()

    def continue_at(self, hook_id: str, action: str) -> None:
        """Do what ContinueServiceDeployment asks for."""
        waiting = self.waiting
        if waiting is None or waiting["hookId"] != hook_id:
            said = "The service deployment is not paused at the lifecycle hook specified."
            raise RefusedError("InvalidParameterException", said)
        waiting["status"] = "SUCCEEDED" if action == "CONTINUE" else "FAILED"
        if action == "ROLLBACK":
            self.status, self.reason = "ROLLBACK_REQUESTED", "Rolled back at a lifecycle hook."

    def stop(self, kind: str) -> None:
        """Do what StopServiceDeployment asks for."""
        if self.is_over or self.status.startswith("ROLLBACK"):
            said = "The service deployment is not in a state in which it can be stopped."
            raise RefusedError("ConflictException", said)
        if kind != "ROLLBACK":
            raise RefusedError("InvalidParameterException", "stopType has to be ROLLBACK.")
        self.status, self.reason = "ROLLBACK_REQUESTED", "Stopped by StopServiceDeployment."

    def supersede(self) -> None:
        """Let another one take over."""
        if not self.is_over:
            self.status, self.stage = "STOPPED", ""
            self.reason = "Stopped because a newer service deployment was started."
            self.hooks, self.is_on_test = [], False

    def _advance(self) -> None:
        if not self.is_native:
            self._roll()
            return
        if self.stage == "SCALE_UP" and not self.target.is_steady:
            return
        if self.stage == "BAKE_TIME" and self.baked < self.configuration.get(
            "bakeTimeInMinutes", 0
        ):
            self.baked += 1
            return
        if self.stage == "CLEAN_UP":
            self._succeed()
            return
        self._enter(_STAGES[_STAGES.index(self.stage) + 1])

    def _enter(self, stage: str) -> None:
        self.stage = stage
        if stage == "TEST_TRAFFIC_SHIFT":
            self.is_on_test = True
        if stage == "PRODUCTION_TRAFFIC_SHIFT":
            self._move_production(to_target=True)
        for number, hook in enumerate(self.configuration.get("lifecycleHooks") or []):
            if stage in hook["lifecycleStages"]:
                self.hooks.append(self._hook(hook, f"{self.id}-{stage.lower()}-{number}"))

    def _hook(self, hook: dict[str, Any], hook_id: str) -> dict[str, Any]:
        limit = hook.get("timeoutConfiguration") or {}
        is_pause = hook.get("targetType") == "PAUSE"
        return {
            "hookId": hook_id,
            "targetType": hook.get("targetType", "AWS_LAMBDA"),
            "status": "AWAITING_ACTION" if is_pause else "SUCCEEDED",
            "expiresAt": time.time() + 60 * limit.get("timeoutInMinutes", 1440),
            "timeoutAction": limit.get("action", "ROLLBACK"),
        }

    def _roll(self) -> None:
        """Give traffic to what is well, and take it from the old ones when all are."""
        if self.stage == "CLEAN_UP":
            self._succeed()
            return
        is_steady = self.target.is_steady
        self.target.is_in_production = is_steady or bool(self.target.healthy)
        if is_steady:
            self.stage = "CLEAN_UP"
            for source in self.sources:
                source.end()

    def _succeed(self) -> None:
        for source in self.sources:
            source.end()
        self.status, self.stage, self.is_on_test = "SUCCESSFUL", "", False
        self.target.rollout = "COMPLETED"
        self.target.reason = f"ECS deployment {self.target.deployment} completed."

    def _is_broken(self) -> bool:
        """Whether so many tasks have failed that the circuit breaker ends it, or ended it."""
        breaker = self.configuration.get("deploymentCircuitBreaker") or {}
        if not breaker.get("enable") or self.target.failures < self.threshold:
            return False
        self.target.rollout, self.target.reason = "FAILED", _FAILED
        if breaker.get("rollback") and self.sources:
            self.reason = _FAILED
            self._go_back()
        else:
            self.status, self.reason, self.stage = "STOPPED", _FAILED, ""
            self.target.end()
        return True

    @property
    def threshold(self) -> int:
        """How many tasks may fail."""
        desired = self.target.desired or 1
        return min(200, max(3, math.ceil(desired / 2)))

    def _go_back(self) -> None:
        source = self.sources[0]
        self.status = "ROLLBACK_IN_PROGRESS"
        self.rollback = {
            "reason": self.reason,
            "startedAt": time.time(),
            "serviceRevisionArn": source.arn,
        }
        self.is_on_test, self.hooks = False, []
        source.desired = source.desired or self.target.desired
        if not source.tasks and source.desired:
            # A deployment of the old task definition is made, with an id of its own.
            source.deployment = f"ecs-svc/{source.number + 7}"
        elif not self.is_native:
            source.deployment = f"ecs-svc/{source.number + 7}"
        source.rollout = "IN_PROGRESS"
        failed = self.target.deployment
        source.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {failed}."
        self.target.rollout = "FAILED"
        self._move_production(to_target=False)

    def _end_going_back(self, tick: Tick) -> None:
        source = self.sources[0]
        tick(source)
        self.target.end()
        if source.failures >= self.threshold:
            self.status, source.rollout = "ROLLBACK_FAILED", "FAILED"
        elif source.is_steady:
            self.status, source.rollout = "ROLLBACK_SUCCESSFUL", "COMPLETED"
            source.reason = f"ECS deployment {source.deployment} completed."

    def _move_production(self, *, to_target: bool) -> None:
        self.target.is_in_production = to_target
        for source in self.sources[:1]:
            source.is_in_production = not to_target

    def document(self) -> dict[str, Any]:
        """Return it as DescribeServiceDeployments shows it."""
        shown: dict[str, Any] = {
            **self.brief(),
            "updatedAt": self.created + 1,
            "sourceServiceRevisions": [source.summary() for source in self.sources],
            "targetServiceRevision": {
                **self.target.summary(),
                "requestedTestTrafficWeight": 100.0 if self.is_on_test else 0.0,
            },
            "deploymentConfiguration": copy.deepcopy(self.configuration),
            "deploymentCircuitBreaker": {
                "status": "TRIGGERED" if self.target.reason == _FAILED else "MONITORING",
                "failureCount": self.target.failures,
                "threshold": self.threshold,
            },
        }
        del shown["targetServiceRevisionArn"]
        if self.stage:
            shown["lifecycleStage"] = self.stage
        if self.hooks:
            shown["lifecycleHookDetails"] = copy.deepcopy(self.hooks)
        if self.rollback:
            shown["rollback"] = self.rollback
        return shown

    def brief(self) -> dict[str, Any]:
        """Return it as ListServiceDeployments shows it."""
        shown: dict[str, Any] = {
            "serviceDeploymentArn": self.arn,
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/demo/demo",
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/demo",
            "createdAt": self.created,
            "targetServiceRevisionArn": self.target.arn,
            "status": self.status,
        }
        if self.status != "PENDING":
            shown["startedAt"] = self.created
        if self.is_over:
            shown["finishedAt"] = self.created + 60
        return {**shown, "statusReason": self.reason} if self.reason else shown
