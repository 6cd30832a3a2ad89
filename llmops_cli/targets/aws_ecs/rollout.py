"""The steps that bring a release into service, as plans; building one changes nothing."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

from llmops_cli.core.plan import Phase, Plan, long_step, one_step
from llmops_cli.core.release import Candidate, State
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.aws_ecs import (
    evidence,
    moving,
    pulling,
    recording,
    registering,
    retiring,
    watching,
)
from llmops_cli.targets.aws_ecs.changing import wanted
from llmops_cli.targets.aws_ecs.session import Session


def stage(session: Session, candidate: Candidate) -> Plan:
    """Start the release: beside the live one where there is a test listener, else in its place."""
    session.begin()
    place, release = session.place, candidate.release
    plan = _registering(session, candidate) + one_step(
        Phase.STAGE,
        "Note what is under way, and suspend scaling meanwhile",
        lambda: moving.note_and_suspend(session, candidate),
    )
    service = session.known().service
    details = {
        "tasks": str(wanted(place, service)) if service else "",
        "at most": f"{place.configured.ready_seconds:g} s",
    }
    if place.is_blue_green:
        return plan + long_step(
            Phase.STAGE,
            f"Start {release.id} beside the live one, without traffic",
            lambda tell: moving.start_beside(session, tell),
            {**details, "checked at": str(place.configured.test_url)},
        )
    return plan + long_step(
        Phase.STAGE,
        f"Replace the tasks by those of {release.id}, as they become ready",
        lambda tell: moving.replace(session, tell),
        details,
    )


def promote(session: Session, candidate: Candidate) -> Plan:
    """Give the release the traffic; where releases roll it has it already."""
    if not session.place.is_blue_green:
        return Plan()
    return long_step(
        Phase.PROMOTE,
        f"Give the traffic to {candidate.release.id}",
        lambda tell: moving.give_traffic(session, tell),
    )


def settle(session: Session, candidate: Candidate, names: Sequence[str]) -> Plan:
    """Watch the release, let AWS stop the old tasks, put it on record, and remove what is old."""
    place, release = session.place, candidate.release
    plan = Plan()
    seconds = place.configured.bake_seconds
    if seconds:
        plan += one_step(
            Phase.CONFIRM,
            f"Watch {release.id} with all the traffic",
            lambda: watching.watch(place, release.id, seconds),
            {"seconds": f"{seconds:g}"},
        )
    if place.is_blue_green:
        plan += long_step(
            Phase.CONFIRM,
            "Let the old tasks finish what they do, and stop",
            lambda tell: moving.finish(session, tell),
        )
    named = f", named {', '.join(names)}" if names else ""
    plan += one_step(
        Phase.SETTLE,
        f"Record {release.id} as live{named}",
        lambda: recording.settle(session, session.staged, names, datetime.now(UTC)),
    )
    plan += one_step(Phase.TIDY, "Let scaling go on", lambda: moving.tidy_up(session))
    return plan + one_step(
        Phase.TIDY,
        "Deregister old task definitions",
        lambda: retiring.retire(session),
        {"keep": str(place.configured.keep)},
    )


def befallen(session: Session) -> list[str]:
    """Return what AWS and the containers say of what was deployed."""
    place, begun = session.place, None
    with contextlib.suppress(LlmopsError):
        begun = place.read_deployment(session.deployment) if session.deployment else None
    return evidence.of(place, session.staged, begun.created) if begun else []


def restore(session: Session, candidate: Candidate, seen: State) -> Plan:
    """Have what served before serve again."""
    live = seen.live.id if seen.live else None
    return long_step(
        Phase.UNDO,
        f"Give the traffic back to {live or 'who had it'}",
        lambda tell: moving.give_back(session, tell),
    )


def discard(session: Session, candidate: Candidate) -> Plan:
    """Stop the candidate's tasks, and remove its task definition unless it ran before."""
    plan = long_step(
        Phase.UNDO,
        f"Take back the deployment of {candidate.release.id}, if there is one",
        lambda tell: moving.give_back(session, tell),
    )
    return plan + one_step(
        Phase.UNDO,
        "Let scaling go on, and remove what nothing runs",
        lambda: moving.tidy_up(session),
    )


def _registering(session: Session, candidate: Candidate) -> Plan:
    release = candidate.release
    if candidate.name != session.place.family:
        title = f"Take the kept task definition of {release.id}"
        details = {"task definition": candidate.name.rpartition("/")[2]}
    else:
        title = f"Register a task definition of {release.id}"
        details = {"image": release.image}

    def do() -> None:
        pulling.require(session.place, release)
        registering.register(session, candidate)

    return one_step(Phase.STAGE, title, do, details)
