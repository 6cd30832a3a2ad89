"""Looks at the target groups of a service: what they ask, and for how long requests may end."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.targets.aws_ecs.place import UNTOUCHED, Place
from llmops_cli.targets.aws_ecs.service import Service

_INFRA = "llmops infra apply"
#: Where the embedded API says how it is, without a key.
_OUR_PATHS = ("/health/ready", "/health/live", "/health")
#: LiteLLM's plain /health wants a key, calls every model, and costs money.
_LITELLM_PATHS = ("/health/readiness", "/health/liveliness", "/health/liveness")
_DELAY = "deregistration_delay.timeout_seconds"


def problems_of_balancer(place: Place, service: Service, release: Release) -> Iterator[Problem]:
    """Yield what is wrong with the target groups. A service without any is nobody's to find."""
    if not service.balancers:
        yield Problem(
            f"The service {service.name} has no load balancer: nobody would reach a release.",
            _INFRA,
        )
        return
    one = service.balancers[0]
    arns = [arn for arn in (one.target_group, one.alternate) if arn]
    for group in _groups(place, arns):
        yield from _of_checks(place, group)
        yield from _of_delay(place, group, release)


def _of_checks(place: Place, group: Mapping[str, Any]) -> Iterator[Problem]:
    path, name = str(group.get("HealthCheckPath") or ""), str(group.get("TargetGroupName"))
    allowed = _OUR_PATHS if place.is_ours else _LITELLM_PATHS
    if place.readiness_path is not None and path not in allowed:
        yield Problem(
            f"The target group {name} asks {path or 'no path'} for the health of a task, which "
            f"answers at {place.readiness_path}.",
            f"{_INFRA}, or: aws elbv2 modify-target-group "
            f"--health-check-path {place.readiness_path} "
            f"--target-group-arn {group['TargetGroupArn']}",
        )


def _of_delay(place: Place, group: Mapping[str, Any], release: Release) -> Iterator[Problem]:
    needed = float(release.settings.get("LLMOPS_DRAIN_SECONDS") or place.configured.drain_seconds)
    arn = str(group["TargetGroupArn"])
    found = float(_attributes(place, arn).get(_DELAY, "300"))
    if found < needed:
        yield Problem(
            f"The target group {group.get('TargetGroupName')} cuts requests off {found:g} s after "
            f"a task is to end; they may take {needed:g} s (`drain_seconds`).",
            f"{_INFRA}, or: aws elbv2 modify-target-group-attributes --target-group-arn {arn} "
            f"--attributes Key={_DELAY},Value={needed:g}",
        )


def _groups(place: Place, arns: list[str]) -> list[Mapping[str, Any]]:
    client = place.account.client("elbv2")
    with place.account.told("read the target groups", state=UNTOUCHED):
        try:
            found: list[Mapping[str, Any]] = client.describe_target_groups(TargetGroupArns=arns)[
                "TargetGroups"
            ]
        except client.exceptions.TargetGroupNotFoundException:
            return []
    return found


def _attributes(place: Place, arn: str) -> dict[str, str]:
    client = place.account.client("elbv2")
    with place.account.told("read the target group", state=UNTOUCHED):
        answer = client.describe_target_group_attributes(TargetGroupArn=arn)
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}
