"""The steps that bring a release into service, as plans; building one changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, State
from llmops_cli.errors import PreflightError
from llmops_cli.targets.azure_containerapp import (
    creating,
    moving,
    operating,
    preflight,
    retiring,
    staging,
)
from llmops_cli.targets.azure_containerapp.app import App
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import Seen
from llmops_cli.targets.azure_containerapp.records import with_records
from llmops_cli.targets.azure_containerapp.session import Session
from llmops_cli.targets.azure_containerapp.variables import release_of
from llmops_cli.targets.azure_containerapp.waiting import wait_until_ready
from llmops_cli.targets.shares import ALL, steps_of, whole
from llmops_cli.targets.watching import watch


def stage(session: Session, candidate: Candidate) -> Plan:
    """Bring the revision up beside the live one, without traffic, and wait until it is ready."""
    seen, release = session.known(), candidate.release
    session.began = seen
    place, there = session.place, seen.revision(candidate.name)
    plan = Plan()
    if seen.app is not None and seen.app.is_stopped:
        plan += one_step(Phase.STAGE, f"Start {place.app}", lambda: operating.start(place))
    if there is None:
        plan += _making(session, seen, candidate)
    elif not there.is_active:
        plan += one_step(
            Phase.STAGE,
            f"Start the kept revision of {release.id}",
            lambda: retiring.activate(place, candidate.name),
            {"revision": candidate.name},
        )
    return plan + one_step(
        Phase.STAGE,
        f"Wait until {release.id} is ready",
        lambda: _wait(session, candidate),
        {"at most": f"{place.configured.ready_seconds:g} s"},
    )


def promote(session: Session, candidate: Candidate) -> Plan:
    """Move the traffic, in the steps that the project file says."""
    seen, configured = session.known(), session.place.configured
    session.before = dict(staging.active_carrying(seen, seen.app)) if seen.app else {}
    session.moved.clear()
    expected = _carrying_once_staged(session, seen, candidate)
    if expected == {candidate.name: ALL}:
        return Plan()
    plan = Plan()
    for weights in steps_of(session.before, candidate.name, configured.traffic_steps):
        plan += _move(session, candidate, expected, weights)
        if weights.get(candidate.name) != ALL:
            plan += _watch_step(session, seen, candidate)
        expected = weights
    return plan


def _carrying_once_staged(session: Session, seen: Seen, candidate: Candidate) -> dict[str, int]:
    """Return who has the traffic before it is moved. A new revision has it if nobody else can."""
    if seen.app is not None and seen.revision(candidate.name) is not None:
        return seen.app.carrying
    return whole(session.before) if session.before else {candidate.name: ALL}


def settle(session: Session, candidate: Candidate, names: Sequence[str]) -> Plan:
    """Watch the release for a while, put it on record, and stop what is too old."""
    configured, release = session.place.configured, candidate.release
    plan = Plan()
    if configured.bake_seconds:
        plan += one_step(
            Phase.CONFIRM,
            f"Watch {release.id} with all the traffic",
            lambda: watch(_public(session), {release.id}, configured.bake_seconds),
            {"seconds": f"{configured.bake_seconds:g}"},
        )
    named = f", named {', '.join(names)}" if names else ""
    plan += one_step(
        Phase.SETTLE,
        f"Record {release.id} as live{named}",
        lambda: _record(session, candidate, names),
    )
    details = {"keep": str(configured.keep), "warm": f"{configured.warm_seconds:g} s"}
    return plan + one_step(
        Phase.TIDY, "Stop old revisions", lambda: retiring.retire(session), details
    )


def restore(session: Session, candidate: Candidate, seen: State) -> Plan:
    """Give the traffic back to who had it when the deploy began."""
    live = seen.live.id if seen.live else None
    return one_step(
        Phase.UNDO,
        f"Give the traffic back to {live or 'who had it'}",
        lambda: moving.give_back(session, candidate, seen.address, live),
    )


def discard(session: Session, candidate: Candidate) -> Plan:
    """Stop the candidate's revision."""
    return one_step(
        Phase.UNDO,
        f"Take the traffic and, if Azure lets us, the replicas from {candidate.release.id}",
        lambda: retiring.discard(session, candidate),
        {"revision": candidate.name},
    )


def _making(session: Session, seen: Seen, candidate: Candidate) -> Plan:
    place, release = session.place, candidate.release
    details = {"revision": candidate.name, "image": release.image}
    if seen.app is None:
        return one_step(
            Phase.STAGE,
            f"Make the container app {place.app} with {release.id}",
            lambda: _create(session, candidate),
            details,
        )
    plan = Plan()
    if not seen.app.is_multiple:
        plan += one_step(
            Phase.STAGE,
            "Let revisions run beside each other",
            lambda: _set_multiple(session, seen),
        )
    return plan + one_step(
        Phase.STAGE,
        f"Make a revision of {release.id} beside the live one",
        lambda: _make(session, seen, candidate),
        details,
    )


def _create(session: Session, candidate: Candidate) -> None:
    creating.create(session.place, candidate, session.lease)
    # Its public address is known from now on.
    session.look()


def _make(session: Session, seen: Seen, candidate: Candidate) -> None:
    place, before = session.place, seen.app.carrying if seen.app else {}
    problem = preflight.image_problem(place, seen.app, candidate.release.image)
    if problem is not None:
        raise PreflightError(problem.what, next_step=problem.fix)

    def body(app: App) -> Mapping[str, Any]:
        session.require_traffic(app, before)
        tags = session.renewed(staging.counted(place, candidate, app.tags))
        return {"tags": tags, **staging.body(place, seen, candidate, app)}

    session.change(f"make a revision of {candidate.release.id}", body)


def _set_multiple(session: Session, seen: Seen) -> None:
    def body(app: App) -> Mapping[str, Any]:
        document = moving.document_of(app, staging.active_carrying(seen, app) or app.carrying)
        document["properties"]["configuration"]["activeRevisionsMode"] = "Multiple"
        return document

    session.change("let revisions run beside each other", body)


def _wait(session: Session, candidate: Candidate) -> None:
    session.ready = wait_until_ready(session.place, candidate.name, candidate.release)


def _move(
    session: Session,
    candidate: Candidate,
    expected: Mapping[str, int],
    weights: Mapping[str, int],
) -> Plan:
    share = weights.get(candidate.name, 0)
    return one_step(
        Phase.PROMOTE,
        f"Give {share} % of the traffic to {candidate.release.id}",
        lambda: moving.move(session, expected, weights),
        {name: f"{weight} %" for name, weight in weights.items()},
    )


def _watch_step(session: Session, seen: Seen, candidate: Candidate) -> Plan:
    seconds = session.place.configured.step_seconds
    expected = {candidate.release.id, *_releases(session, seen)}
    return one_step(
        Phase.PROMOTE,
        f"Watch who answers for {seconds:g} s",
        lambda: watch(_public(session), expected, seconds),
    )


def _releases(session: Session, seen: Seen) -> set[str | None]:
    found = [seen.revision(name) for name in session.before]
    releases = [release_of(revision) for revision in found if revision is not None]
    # What others have put there names no release when it is asked.
    return {release.id if release else None for release in releases}


def _record(session: Session, candidate: Candidate, names: Sequence[str]) -> None:
    keep, now = session.place.configured.keep, datetime.now(UTC)
    seen = session.known()

    def body(app: App) -> Mapping[str, Any]:
        session.require_traffic(app, {candidate.name: ALL})
        records = remembered(Seen(app, seen.revisions)).named(candidate.name, names)
        settled = records.settled(candidate.name, now, keep)
        return {"tags": session.renewed(with_records(app.name, settled, app.tags))}

    session.change("put the release on record", body)


def _public(session: Session) -> str:
    return session.place.public_address(session.known().app)
