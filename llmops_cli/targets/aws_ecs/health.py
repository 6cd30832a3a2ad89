"""Whether the tasks of a deployment are well: that they run says nothing of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.errors import AccessError
from llmops_cli.targets.aws_ecs.deployment import Deployment
from llmops_cli.targets.aws_ecs.place import UNTOUCHED, Place
from llmops_cli.targets.aws_ecs.service import Task


@dataclass(frozen=True)
class Seat:
    """A task as a load balancer sees it: how it is, and why."""

    state: str
    reason: str = ""


def is_well(place: Place, found: Deployment, definition: str) -> bool:
    """Whether as many tasks as a deployment wants would be given requests."""
    if found.was_well:
        return True
    healthy = [task for task, state, _why in _looked_at(place, definition) if state == "healthy"]
    return found.wanted > 0 and len(healthy) >= found.wanted


def complaints(place: Place, definition: str) -> list[str]:
    """Return what the load balancer and AWS say of tasks that run and are not well, a line each."""
    found = []
    for task, state, why in _looked_at(place, definition):
        if state != "healthy":
            own = f", its own check says {task.health.lower()}" if task.health else ""
            said = f"{state}{f' ({why})' if why else ''}"
            found.append(f"Task {task.id[:8]} runs; the load balancer finds it {said}{own}.")
    return found


def _looked_at(place: Place, definition: str) -> Iterator[tuple[Task, str, str]]:
    """Yield the running tasks of a task definition, how each is, and why."""
    seats = _seats(place)
    for task in place.read_tasks():
        if task.definition != definition or task.status != "RUNNING":
            continue
        if seats is None:
            yield task, task.health.lower(), ""
        else:
            seat = seats.get(task.address, Seat("not registered"))
            yield task, seat.state, seat.reason


def _seats(place: Place) -> dict[str, Seat] | None:
    """Return what the load balancer finds, by address; None where we may not ask it."""
    service, found = place.read_service(), {}
    client = place.account.client("elbv2")
    for balancer in service.balancers if service else ():
        for arn in filter(None, (balancer.target_group, balancer.alternate)):
            try:
                with place.account.told("read the health of the targets", state=UNTOUCHED):
                    answer = client.describe_target_health(TargetGroupArn=arn)
            except AccessError:
                return None
            for one in answer["TargetHealthDescriptions"]:
                found[str(one["Target"]["Id"])] = _seat(one["TargetHealth"])
    return found


def _seat(health: Mapping[str, Any]) -> Seat:
    why = (health.get("Reason"), health.get("Description"))
    return Seat(str(health.get("State") or ""), ": ".join(str(part) for part in why if part))
