"""Stops a service, and starts it again with as many tasks as it had."""

from collections.abc import Callable

from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError
from llmops_cli.targets.aws_ecs import answering, changing, evidence, moving, registering, scaling
from llmops_cli.targets.aws_ecs.revision import STOPPED_TAG
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.aws_ecs.session import Session

_LOOK_SECONDS = 5.0


def stop(session: Session, tell: Tell) -> None:
    """Let the tasks finish what they do, and stop them; how many there were is written down."""
    place, service = session.place, moving.present(session)
    if service.desired:
        registering.mark(place, service.definition, {STOPPED_TAG: str(service.desired)})
    scaling.set_suspended(place, is_suspended=True)
    changing.set_desired(place, 0)
    _until(session, "stop", tell, lambda one: one.running + one.pending == 0)


def start(session: Session, tell: Tell) -> None:
    """Start as many tasks as there were, wait until they answer, and let scaling go on."""
    place, service = session.place, moving.present(session)
    count = changing.wanted(place, service)
    changing.set_desired(place, count)
    _until(session, "start", tell, lambda one: one.running >= count and answering.ask(place).is_one)
    scaling.set_suspended(place, is_suspended=False)
    if place.stopped_with(service):
        registering.mark(place, service.definition, {STOPPED_TAG: ""})


def _until(session: Session, doing: str, tell: Tell, is_there: Callable[[Service], bool]) -> None:
    place, said = session.place, ""
    configured = place.configured
    seconds = configured.ready_seconds if doing == "start" else configured.operation_seconds
    service = moving.present(session)
    for _passed in pauses(seconds, longest=_LOOK_SECONDS):
        service = moving.present(session)
        if service.told != said:
            said = service.told
            tell(said)
        if is_there(service):
            return
    raise DeployError(
        f"The service does not {doing} within {seconds:g} s.",
        evidence="\n".join([said, *evidence.of(place, service.definition, None)]),
        next_step="llmops status",
    )
