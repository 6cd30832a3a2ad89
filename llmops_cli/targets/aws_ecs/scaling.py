"""Keeps AWS from changing the number of tasks while a release moves, and lets it again."""

from dataclasses import dataclass
from typing import Any

from llmops_cli.targets.aws_ecs.place import UNTOUCHED, Place

_SPACE, _DIMENSION = "ecs", "ecs:service:DesiredCount"
_KINDS = (
    "DynamicScalingInSuspended",
    "DynamicScalingOutSuspended",
    "ScheduledScalingSuspended",
)


@dataclass(frozen=True)
class Scaling:
    """What scales a service: between how many tasks, and whether it does so now."""

    least: int
    most: int
    is_suspended: bool

    @property
    def told(self) -> str:
        """How it is, in a few words."""
        return f"{self.least} to {self.most} tasks{', suspended' if self.is_suspended else ''}"


def read(place: Place) -> Scaling | None:
    """Return what scales the service; None where nothing does."""
    with place.account.told(f"read what scales {place.name}", state=UNTOUCHED):
        answer = _client(place).describe_scalable_targets(
            ServiceNamespace=_SPACE, ResourceIds=[_id(place)], ScalableDimension=_DIMENSION
        )
    found = answer["ScalableTargets"]
    if not found:
        return None
    state = found[0].get("SuspendedState") or {}
    return Scaling(
        int(found[0]["MinCapacity"]),
        int(found[0]["MaxCapacity"]),
        any(state.get(kind) for kind in _KINDS),
    )


def set_suspended(place: Place, *, is_suspended: bool) -> None:
    """Suspend scaling, or let it go on. Where nothing scales the service, nothing happens."""
    scaling = read(place)
    if scaling is None or scaling.is_suspended == is_suspended:
        return
    with place.account.told("suspend scaling" if is_suspended else "let scaling go on"):
        _client(place).register_scalable_target(
            ServiceNamespace=_SPACE,
            ResourceId=_id(place),
            ScalableDimension=_DIMENSION,
            SuspendedState=dict.fromkeys(_KINDS, is_suspended),
        )


def _client(place: Place) -> Any:
    return place.account.client("application-autoscaling")


def _id(place: Place) -> str:
    return f"service/{place.cluster}/{place.name}"
