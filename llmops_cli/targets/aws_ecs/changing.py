"""Asks ECS for a deployment, lets one that waits go on, and has one taken back."""

import math
from typing import Any

from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.targets.aws_ecs import following
from llmops_cli.targets.aws_ecs.deployment import SHIFTED, TESTED, Deployment
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.aws_ecs.session import Session

#: Minutes after which AWS takes back by itself what nobody decides on: we were killed.
_DECISION_MINUTES = 60


def begin(session: Session, service: Service, definition: str, *, pauses: bool) -> Deployment:
    """Have the service run a task definition, and return the deployment that AWS begins for it.

    With ``pauses`` it waits for our word once the test listener has it, and once it has the
    traffic.
    """
    place = session.place
    known = set(place.list_deployments())
    session.has_asked = True
    try:
        _ask(place, service, definition, pauses=pauses)
    except LlmopsError as error:
        session.has_asked = not is_refusal(error)
        raise
    found = following.find(place, definition, known)
    session.deployment = found.arn
    return found


def wanted(place: Place, service: Service) -> int:
    """Return how many tasks there are to be: as many as now, or as before it was stopped."""
    return max(service.desired or place.stopped_with(service), place.configured.min_tasks)


def configuration_of(place: Place, service: Service, *, pauses: bool) -> dict[str, Any]:
    """Return how the service is to deploy: complete, for what is left out stays as it was."""
    there = service.configuration
    carried = {key: there[key] for key in ("alarms",) if there.get(key)}
    breaker = there.get("deploymentCircuitBreaker") or {}
    return {
        **carried,
        "strategy": "BLUE_GREEN" if place.is_blue_green else "ROLLING",
        "minimumHealthyPercent": there.get("minimumHealthyPercent", 100),
        "maximumPercent": there.get("maximumPercent", 200),
        "deploymentCircuitBreaker": {**breaker, "enable": True, "rollback": True},
        "bakeTimeInMinutes": 0,
        "lifecycleHooks": [*_hooks_of_others(service), *(_hooks(place) if pauses else ())],
    }


def take_hooks_away(place: Place, service: Service) -> None:
    """Have no later deployment wait for our word: somebody else's would do so in vain.

    AWS begins no deployment for this, and one under way keeps the hooks that it began with.
    """
    left = _hooks_of_others(service)
    if left == (service.configuration.get("lifecycleHooks") or []):
        return
    with place.changing("have later deployments not wait for llmops") as ecs:
        ecs.update_service(
            cluster=place.cluster,
            service=place.name,
            deploymentConfiguration=configuration_of(place, service, pauses=False),
        )


def _ask(place: Place, service: Service, definition: str, *, pauses: bool) -> None:
    with place.changing(f"deploy {definition.rpartition('/')[2]}") as ecs:
        ecs.update_service(
            cluster=place.cluster,
            service=place.name,
            taskDefinition=definition,
            desiredCount=wanted(place, service),
            deploymentConfiguration=configuration_of(place, service, pauses=pauses),
            # AWS begins nothing where the task definition is the same.
            **({"forceNewDeployment": True} if service.definition == definition else {}),
        )


def is_refusal(error: LlmopsError) -> bool:
    """Whether AWS has said no; where its word did not arrive, it may have said yes."""
    answer = getattr(error.__cause__, "response", None) or {}
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode")
    return isinstance(status, int) and 400 <= status < 500


def go_on(place: Place, deployment: str) -> None:
    """Let a deployment that waits for our word go on.

    Raises:
        DeployError: it does not wait any more.
    """
    found = place.read_deployment(deployment)
    if found is None or not found.hook:
        raise DeployError(
            "The deployment does not wait for a decision any more.",
            evidence=found.reason or found.told if found else "AWS does not know it.",
            next_step="llmops status",
        )
    with place.changing("let the deployment go on") as ecs:
        try:
            ecs.continue_service_deployment(
                serviceDeploymentArn=deployment, hookId=found.hook, action="CONTINUE"
            )
        except ecs.exceptions.InvalidParameterException:
            # Asked again after its answer was lost, AWS says that it does not wait there.
            now = place.read_deployment(deployment)
            if now is None or not now.is_going or now.hook == found.hook:
                raise


def take_back(place: Place, deployment: str, tell: Tell) -> None:
    """Have a deployment taken back that is under way, and wait until it is."""
    found = place.read_deployment(deployment)
    if found is not None and found.is_going:
        with place.changing("have the deployment taken back") as ecs:
            try:
                _refuse(ecs, found)
            except ecs.exceptions.ConflictException:
                # It has ended, or was taken back, since it was looked at.
                tell("the deployment has come to its end meanwhile")
    if found is not None and not found.has_ended:
        following.follow_back(place, deployment, tell)


def set_desired(place: Place, count: int) -> None:
    """Have the service run so many tasks."""
    with place.changing(f"have {count} tasks run") as ecs:
        ecs.update_service(cluster=place.cluster, service=place.name, desiredCount=count)


def _refuse(ecs: Any, found: Deployment) -> None:
    if found.hook:
        ecs.continue_service_deployment(
            serviceDeploymentArn=found.arn, hookId=found.hook, action="ROLLBACK"
        )
    else:
        ecs.stop_service_deployment(serviceDeploymentArn=found.arn, stopType="ROLLBACK")


def _hooks_of_others(service: Service) -> list[dict[str, Any]]:
    found = service.configuration.get("lifecycleHooks") or []
    return [one for one in found if one.get("targetType") != "PAUSE"]


def _hooks(place: Place) -> list[dict[str, Any]]:
    minutes = _DECISION_MINUTES + math.ceil(place.configured.bake_seconds / 60)
    return [
        {
            "targetType": "PAUSE",
            "lifecycleStages": [TESTED, SHIFTED],
            "timeoutConfiguration": {"timeoutInMinutes": minutes, "action": "ROLLBACK"},
        }
    ]
