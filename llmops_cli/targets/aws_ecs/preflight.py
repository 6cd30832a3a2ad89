"""Looks for what would make a deploy to ECS fail. Changes nothing."""

from collections.abc import Iterator

from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.targets.aws_ecs import pulling
from llmops_cli.targets.aws_ecs.balancing import problems_of_balancer
from llmops_cli.targets.aws_ecs.changing import wanted
from llmops_cli.targets.aws_ecs.definition import STOP_SECONDS
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.aws_ecs.session import Seen
from llmops_cli.targets.variables import variables_of

_INFRA = "llmops infra apply"
#: Seconds that a task needs from its start to the load balancer's first good word, at the least.
_LEAST_GRACE = 30


def preflight(place: Place, seen: Seen, release: Release) -> Iterator[Problem]:
    """Look at the project file first, then at the service and what is before it."""
    yield from _of_file(place, release)
    service = seen.service
    if service is None:
        yield Problem(
            f"There is no service {place.name} in a cluster {place.cluster}.",
            _set("cluster` and `service"),
        )
        return
    yield from _of_service(place, service)
    yield from _of_strategy(place, service)
    yield from _of_deployments(place, seen)
    yield from problems_of_balancer(place, service, release)
    yield from pulling.problems(place, release.image)


def _of_file(place: Place, release: Release) -> Iterator[Problem]:
    configured = place.configured
    if not place.public_address:
        yield Problem("The target has no `public_url`.", _set("public_url"))
    if configured.bucket is None:
        yield Problem("The target has no `bucket` for its lock and record.", _set("bucket"))
    if configured.execution_role is None:
        yield Problem(
            "The target has no `execution_role`: nothing could pull the image, read the secrets "
            "or write the log.",
            _set("execution_role"),
        )
    # Raises where a name is there twice.
    variables_of(release)
    asked = _seconds(release, "LLMOPS_DRAIN_SECONDS") + _seconds(release, "LLMOPS_LINGER_SECONDS")
    if asked > STOP_SECONDS:
        yield Problem(
            f"Fargate lets a container take {STOP_SECONDS} s to stop, less than `drain_seconds`.",
            "Set drain_seconds = 110 or less in llmops.toml and commit.",
        )


def _of_service(place: Place, service: Service) -> Iterator[Problem]:
    if "FARGATE" not in service.launch:
        yield Problem(
            f"The service {service.name} runs on {service.launch or 'nothing'}, not on Fargate.",
            _INFRA,
        )
    if service.controller != "ECS":
        yield Problem(
            f"The service {service.name} is deployed to by {service.controller}, not by ECS.",
            _INFRA,
        )
    ports = {one.port for one in service.balancers}
    if ports and place.port not in ports:
        yield Problem(
            f"The load balancer sends requests to port {min(ports)}, and the image listens on "
            f"{place.port}.",
            f"Set [image] port = {min(ports)} in llmops.toml and commit.",
        )
    grace = service.grace_seconds
    if service.balancers and grace < _LEAST_GRACE:
        yield Problem(
            f"The service forgives failed health checks for {grace} s after a start: tasks would "
            "be ended before they are ready.",
            f"{_INFRA}, or: aws ecs update-service --cluster {place.cluster} --service "
            f"{place.name} --health-check-grace-period-seconds 120",
        )


def _of_strategy(place: Place, service: Service) -> Iterator[Problem]:
    if place.is_blue_green and not service.can_test:
        yield Problem(
            "The target has a `test_url`, and the service's load balancer has no second target "
            "group with a test listener.",
            f"{_INFRA}, or remove `test_url` from llmops.toml: releases roll then.",
        )
    most = int(service.configuration.get("maximumPercent", 200))
    least = int(service.configuration.get("minimumHealthyPercent", 100))
    count = wanted(place, service)
    if (
        not place.is_blue_green
        and count * most // 100 <= count
        and -(-count * least // 100) >= count
    ):
        yield Problem(
            f"With {count} tasks, at least {least} % and at most {most} % of them, ECS can neither "
            "start a new task nor stop an old one.",
            f"{_INFRA}, or set maximumPercent of the service to 200.",
        )


def _of_deployments(place: Place, seen: Seen) -> Iterator[Problem]:
    # What a killed run has left is put in order first; whoever holds the lock is told of then.
    if seen.ledger.pending:
        return
    for one in place.under_way():
        runs = one.definition.rpartition("/")[2]
        yield Problem(
            f"Somebody else's deployment is under way, of {runs}: {one.told}.",
            f"Wait until it has ended, or: aws ecs stop-service-deployment "
            f"--service-deployment-arn {one.arn} --stop-type ROLLBACK",
        )


def _seconds(release: Release, setting: str) -> float:
    return float(release.settings.get(setting) or 0)


def _set(key: str) -> str:
    return f"{_INFRA}, or set `{key}` in llmops.toml and commit."
