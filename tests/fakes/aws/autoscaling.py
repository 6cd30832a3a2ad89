"""A fake Application Auto Scaling: the scalable target of the service, and its policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.wire import RefusedError

if TYPE_CHECKING:
    from tests.fakes.aws.ecs import Ecs

Body = dict[str, Any]
_STATES = (
    "DynamicScalingInSuspended",
    "DynamicScalingOutSuspended",
    "ScheduledScalingSuspended",
)


@dataclass
class AutoScaling:
    """What is registered, by resource. ``policies`` are as they were put."""

    ecs: "Ecs"
    targets: dict[str, Body] = field(default_factory=dict)
    policies: list[Body] = field(default_factory=list)

    def seed(self, least: int = 1, most: int = 2, *, is_suspended: bool = True) -> None:
        """Register the service, as Terraform does."""
        states = dict.fromkeys(_STATES, is_suspended)
        self.targets[self.ecs.resource] = self._target(self.ecs.resource, least, most, states)

    @property
    def is_suspended(self) -> bool:
        """Whether the service's number of tasks stays as it is."""
        return all(self.targets[self.ecs.resource]["SuspendedState"].values())

    def handlers(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return the operations by their names."""
        return {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe,
            "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": lambda body: {"ScalingPolicies": self.policies},
            "DescribeScalingActivities": lambda body: {"ScalingActivities": []},
        }

    def _register(self, body: Body) -> Body:
        resource = body["ResourceId"]
        before = self.targets.get(resource)
        least, most = body.get("MinCapacity"), body.get("MaxCapacity")
        if before is None and (least is None or most is None):
            said = "MinCapacity and MaxCapacity are required when registering a new scalable target"
            raise RefusedError("ValidationException", said)
        if resource != self.ecs.resource:
            said = f"ECS service doesn't exist: {resource}"
            raise RefusedError("ValidationException", said)
        least = before["MinCapacity"] if least is None and before else least
        most = before["MaxCapacity"] if most is None and before else most
        if least > most:
            said = "Maximum capacity cannot be less than minimum capacity"
            raise RefusedError("ValidationException", said)
        states = {**dict.fromkeys(_STATES, False), **(before or {}).get("SuspendedState", {})}
        states.update(body.get("SuspendedState") or {})
        self.targets[resource] = self._target(resource, least, most, states)
        return {"ScalableTargetARN": self.targets[resource]["ScalableTargetARN"]}

    def _deregister(self, body: Body) -> Body:
        if self.targets.pop(body["ResourceId"], None) is None:
            said = f"No scalable target found for {body['ResourceId']}"
            raise RefusedError("ObjectNotFoundException", said)
        return {}

    def _describe(self, body: Body) -> Body:
        wanted = body.get("ResourceIds") or list(self.targets)
        return {"ScalableTargets": [self.targets[one] for one in wanted if one in self.targets]}

    def _put_policy(self, body: Body) -> Body:
        arn = (
            f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:0:resource/{body['PolicyName']}"
        )
        others = [one for one in self.policies if one["PolicyName"] != body["PolicyName"]]
        self.policies = [*others, {**body, "PolicyARN": arn, "CreationTime": 1_790_000_000.0}]
        return {"PolicyARN": arn, "Alarms": []}

    def _target(self, resource: str, least: int, most: int, states: Mapping[str, bool]) -> Body:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": least,
            "MaxCapacity": most,
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.application-autoscaling",
            "CreationTime": 1_790_000_000.0,
            "SuspendedState": dict(states),
            "ScalableTargetARN": f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:"
            "scalable-target/0ec5demo",
        }
