"""The service of the fake ECS: what it runs, who has its traffic, and how that changes."""

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.ecs_revision import Revision
from tests.fakes.aws.ecs_rollout import Rollout
from tests.fakes.aws.ecs_rules import look_at_change
from tests.fakes.aws.ecs_task import TARGET_GROUP, Launcher
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.containers import Container

Body = dict[str, Any]
#: Numbers of revisions are long, and those of other services are between them.
_FIRST, _STEP = 4_980_306_466_373_577_000, 11
_RULE = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener-rule/app/demo/0/"
BALANCERS: list[Body] = [
    {
        "targetGroupArn": f"{TARGET_GROUP}-a/0123456789abcdef",
        "containerName": "api",
        "containerPort": 8000,
        "advancedConfiguration": {
            "alternateTargetGroupArn": f"{TARGET_GROUP}-b/0123456789abcdef",
            "productionListenerRule": f"{_RULE}443",
            "testListenerRule": f"{_RULE}8443",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/demo-ecs-infrastructure",
        },
    }
]
#: What UpdateService takes over as it is; the first ones also make a new deployment.
_REDEPLOYING = ("loadBalancers", "networkConfiguration", "platformVersion")
_TAKEN = (
    *_REDEPLOYING,
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "availabilityZoneRebalancing",
)


@dataclass
class Service:
    """The service ``demo``, as Terraform makes it: no task, of a definition that never runs.

    ``lag`` is to how many requests nobody answers after the traffic has moved; ``stale`` is how
    often after a change it is shown as it was before.
    """

    launcher: Launcher
    placeholder: Body
    document: Body = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    events: list[Body] = field(default_factory=list)
    tags: list[Body] = field(default_factory=list)
    is_native: bool = True
    lag: int = 0
    stale: int = 0
    _stale_left: int = 0
    _before: Body = field(default_factory=dict)
    _unanswered: int = 0
    _moved: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.document:
            return
        balancers = copy.deepcopy(BALANCERS)
        if not self.is_native:
            del balancers[0]["advancedConfiguration"]
        self.document = {
            "desiredCount": 0,
            "loadBalancers": balancers,
            "healthCheckGracePeriodSeconds": 120,
            "enableExecuteCommand": False,
            "enableECSManagedTags": True,
            "propagateTags": "SERVICE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a"]}},
            "deploymentConfiguration": {
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "strategy": "ROLLING",
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
        }
        first = self._new(self.placeholder, 0)
        first.rollout, first.is_in_production = "COMPLETED", True

    @property
    def rollout(self) -> Rollout | None:
        """The latest service deployment."""
        return self.rollouts[-1] if self.rollouts else None

    @property
    def primary(self) -> Revision:
        """The revision that the service is to run."""
        latest = self.rollout
        if latest is None:
            return self.revisions[-1]
        went_back = latest.rollback is not None
        return latest.sources[0] if went_back else latest.target

    @property
    def current(self) -> list[Revision]:
        """All revisions with tasks, and the one that it is to run first."""
        others = [one for one in reversed(self.revisions) if one.tasks and one is not self.primary]
        return [self.primary, *others]

    def tick(self) -> None:
        """Let time pass: whoever looks at ECS finds it a step further."""
        latest = self.rollout
        if latest is not None and not latest.is_over:
            latest.tick(self._tick)
            if latest.is_over:
                self._say("has reached a steady state.")
        else:
            self._tick(self.primary)
        carrying = frozenset(one.number for one in self.revisions if one.is_in_production)
        if carrying != self._moved and self._moved:
            self._unanswered = self.lag
        self._moved = carrying

    def change(self, body: Body, definition: Body) -> Body:
        """Do what UpdateService asks for, and return the service."""
        balancers = body.get("loadBalancers", self.document["loadBalancers"])
        look_at_change(body, definition, balancers)
        self._before, self._stale_left = self.shown(), self.stale
        old = self.primary
        is_new = any(
            body.get(key, self.document.get(key)) != self.document.get(key) for key in _REDEPLOYING
        )
        for key in _TAKEN:
            if key in body:
                is_table = key == "deploymentConfiguration"
                self.document[key] = {**self.document[key], **body[key]} if is_table else body[key]
        desired = body.get("desiredCount", self.document["desiredCount"])
        self.document["desiredCount"] = desired
        is_other = definition["taskDefinitionArn"] != old.definition["taskDefinitionArn"]
        if is_new or is_other or body.get("forceNewDeployment"):
            self._deploy(definition, desired)
        else:
            old.desired = desired
        return self.shown()

    def _deploy(self, definition: Body, desired: int) -> None:
        running = [one for one in self.current if one.tasks or one is self.primary]
        latest = self.rollout
        if latest is not None and not latest.is_over:
            latest.supersede()
            running.sort(key=lambda one: not one.is_in_production)
        target = self._new(definition, desired)
        configuration = copy.deepcopy(self.document["deploymentConfiguration"])
        made = Rollout(f"d{len(self.rollouts) + 1:020d}", target, running, configuration)
        made.created = time.time()
        self.rollouts.append(made)
        self._moved = frozenset(one.number for one in self.revisions if one.is_in_production)

    def _new(self, definition: Body, desired: int) -> Revision:
        number = _FIRST + _STEP * len(self.revisions)
        made = Revision(number, definition, desired)
        self.revisions.append(made)
        return made

    def _tick(self, revision: Revision) -> None:
        for said in revision.tick(self.launcher):
            self._say(said)

    def _say(self, text: str) -> None:
        said = f"(service demo) {text}"
        if not self.events or self.events[0]["message"] != said:
            event_id = f"00000000-0000-4000-8000-{len(self.events):012d}"
            self.events.insert(0, {"id": event_id, "createdAt": time.time(), "message": said})

    def shares(self) -> list[tuple[int, Container | None]]:
        """Return who answers at the production listener."""
        if self._unanswered > 0:
            self._unanswered -= 1
            return []
        return self._of([one for one in self.revisions if one.is_in_production])

    def test_shares(self) -> list[tuple[int, Container | None]]:
        """Return who answers at the test listener."""
        latest = self.rollout
        if latest is not None and latest.is_on_test:
            return self._of([latest.target])
        return self._of([one for one in self.revisions if one.is_in_production])

    def _of(self, revisions: list[Revision]) -> list[tuple[int, Container | None]]:
        found = [task for one in revisions for task in one.tasks if task.is_healthy]
        return [
            (1, _silent(one.container) if one.manner == "silent" else one.container)
            for one in found
        ]

    def described(self) -> Body:
        """Return the service as somebody sees it who asks now."""
        self.tick()
        if self._stale_left > 0:
            self._stale_left -= 1
            return self._before
        return self.shown()

    def shown(self) -> Body:
        """Return the service as AWS shows it."""
        first, *others = self.current
        running = [task for one in self.current for task in one.tasks if task.status == "RUNNING"]
        shown: Body = {
            **copy.deepcopy(self.document),
            "serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/demo/demo",
            "serviceName": "demo",
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/demo",
            "status": "ACTIVE",
            "launchType": "FARGATE",
            "platformVersion": self.document.get("platformVersion", "LATEST"),
            "platformFamily": "Linux",
            "taskDefinition": first.definition["taskDefinitionArn"],
            "runningCount": len(running),
            "pendingCount": sum(len(one.tasks) for one in self.current) - len(running),
            "deployments": [
                first.as_deployment("PRIMARY"),
                *(one.as_deployment("ACTIVE") for one in others),
            ],
            "events": self.events[:100],
            "createdAt": 1_790_000_000.0,
            "deploymentController": {"type": "ECS"},
            "schedulingStrategy": "REPLICA",
            "currentServiceRevisions": [_count(one) for one in self.current],
        }
        latest = self.rollout
        if latest is not None and not latest.is_over:
            shown["currentServiceDeployment"] = latest.arn
        return shown


def _count(revision: Revision) -> Mapping[str, Any]:
    kept = ("arn", "requestedTaskCount", "runningTaskCount", "pendingTaskCount")
    return {name: value for name, value in revision.summary().items() if name in kept}


def _silent(container: Container | None) -> Container | None:
    if container is None:
        return None
    pool = container.pool
    return Container(container.image, {}, container.port, "hangs", None, pool, is_stopped=True)
