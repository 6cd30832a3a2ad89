"""Follows a deployment of ours to where it is wanted; "services stable" would say nothing of it."""

from collections.abc import Callable, Collection

from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError
from llmops_cli.targets.aws_ecs import evidence, health
from llmops_cli.targets.aws_ecs.deployment import Deployment
from llmops_cli.targets.aws_ecs.place import Place

#: Seconds between looks, at most, and until AWS must have begun what it was asked for.
_LOOK_SECONDS = 5.0
_BEGIN_SECONDS = 60.0
#: Tasks that fail one after the other: one may have bad luck.
_FAULT = 2
#: What no other task would overcome.
_HOPELESS = ("not found", "manifest unknown", "ResourceInitializationError", "exec format error")

#: Says whether a deployment is where it is wanted.
Wanted = Callable[[Deployment], bool]


def find(place: Place, definition: str, known: Collection[str]) -> Deployment:
    """Wait until AWS has begun the deployment of a task definition, and return it.

    ``known`` are the deployments that there were before it was asked for.

    Raises:
        DeployError: AWS has begun none.
    """
    for _passed in pauses(_BEGIN_SECONDS, longest=_LOOK_SECONDS):
        new = [arn for arn in place.list_deployments() if arn not in known]
        for found in place.read_deployments(new):
            if found.definition == definition:
                return found
    raise DeployError(
        "AWS has taken the release, and does not begin to deploy it.",
        evidence=f"No deployment of {_title(definition)} within {_BEGIN_SECONDS:g} s.",
        next_step="llmops status",
    )


def follow(
    place: Place,
    begun: Deployment,
    definition: str,
    is_there: Wanted,
    tell: Tell,
) -> Deployment:
    """Wait until a deployment is where it is wanted, telling how it goes.

    Raises:
        DeployError: it fails, is taken back, or its tasks do not start in time; the evidence is
            what AWS and the containers say.
    """
    configured = place.configured
    said = ""
    for passed in pauses(
        max(configured.operation_seconds, configured.ready_seconds), longest=_LOOK_SECONDS
    ):
        found = place.read_deployment(begun.arn) or begun
        if found.told != said:
            said = found.told
            tell(said)
        if is_there(found):
            return found
        if not found.is_going:
            raise _failed(place, found, definition)
        _require_health(place, found, definition)
        if passed >= configured.ready_seconds and not health.is_well(place, found, definition):
            what = f"Not ready after {configured.ready_seconds:g} s: {found.told}."
            raise _sick(place, found, definition, what)
    raise _sick(place, found, definition, f"AWS takes longer than it may: {found.told}.")


def follow_back(place: Place, arn: str, tell: Tell) -> Deployment:
    """Wait until a deployment that is taken back has come to its end.

    Raises:
        DeployError: AWS could not take it back, or takes longer than an operation may.
    """
    said = ""
    for _passed in pauses(place.configured.operation_seconds, longest=_LOOK_SECONDS):
        found = place.read_deployment(arn)
        if found is None:
            continue
        if found.told != said:
            said = found.told
            tell(said)
        if found.status == "ROLLBACK_FAILED":
            raise DeployError(
                "AWS could not take the deployment back.",
                evidence=found.reason or found.told,
                next_step="llmops status, then llmops rollback",
            )
        if found.has_ended:
            return found
    raise DeployError("AWS takes longer than it may to take the deployment back.", evidence=said)


def _require_health(place: Place, found: Deployment, definition: str) -> None:
    """Make sure that nothing shows already that it will not come up."""
    ended = evidence.failed(place, definition, found.created)
    is_hopeless = any(word in task.told for task in ended for word in _HOPELESS)
    if is_hopeless or len(ended) >= _FAULT:
        raise _sick(place, found, definition, f"{len(ended)} tasks have failed.")
    if not found.is_up:
        refused = evidence.refusals(place.read_service(), found.created)
        if refused:
            raise _sick(place, found, definition, "AWS can start no more tasks.")


def _failed(place: Place, found: Deployment, definition: str) -> DeployError:
    service = place.read_service()
    now = service.definition if service else ""
    why = found.reason or found.told
    if found.status == "STOPPED" and now and now != definition:
        return DeployError(
            "Somebody else's deployment has taken the place of this one.",
            evidence=f"{why}\nThe service runs {_title(now)}, not {_title(definition)}.",
            next_step="llmops status",
        )
    if found.status == "SUCCESSFUL":
        return DeployError(
            "AWS did not wait where it was asked to.",
            evidence=f"The deployment {found.id} went on to its end by itself.",
            next_step="llmops status",
        )
    return _sick(place, found, definition, f"AWS takes the deployment back: {why}")


def _sick(place: Place, found: Deployment, definition: str, what: str) -> DeployError:
    release = place.release_at(definition)
    return DeployError(
        f"{release.id if release else _title(definition)} does not come up.",
        evidence="\n".join([what, *evidence.of(place, definition, found.created)]),
        next_step="Mend it, commit, and: llmops deploy",
    )


def _title(definition: str) -> str:
    return definition.rpartition("/")[2]
