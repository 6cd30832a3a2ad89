"""The steps that bring a release into service, as plans; building one changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from llmops_cli.core.plan import Phase, Plan, Tell, long_step, one_step
from llmops_cli.core.release import Candidate, State
from llmops_cli.targets.gcp_run import creating, moving, operating, retiring, staging
from llmops_cli.targets.gcp_run.place import Seen
from llmops_cli.targets.gcp_run.service import Service
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.gcp_run.waiting import wait_until_ready
from llmops_cli.targets.gcp_run.writing import Change, present
from llmops_cli.targets.shares import ALL, steps_of, whole
from llmops_cli.targets.shelved.book import Entry
from llmops_cli.targets.watching import watch


def stage(session: Session, candidate: Candidate) -> Plan:
    """Bring the revision up beside the live one, without traffic, and wait until it is ready."""
    seen, release, place = session.known(), candidate.release, session.place
    session.began = seen
    session.before = dict(staging.ready_carrying(seen, seen.service)) if seen.service else {}
    plan = Plan()
    if seen.service is not None and seen.service.is_disabled:
        plan += one_step(Phase.STAGE, f"Start {place.service}", lambda: operating.start(place))
    plan += _making(session, seen, candidate)
    return plan + long_step(
        Phase.STAGE,
        f"Wait until {release.id} is ready",
        lambda tell: _wait(session, candidate, tell),
        {"at most": f"{place.configured.ready_seconds:g} s"},
    )


def promote(session: Session, candidate: Candidate) -> Plan:
    """Move the traffic, in the steps that the project file says."""
    seen, configured = session.known(), session.place.configured
    session.moved.clear()
    expected = whole(session.before) if session.before else {candidate.name: ALL}
    if expected == {candidate.name: ALL}:
        return Plan()
    plan = Plan()
    for weights in steps_of(session.before, candidate.name, configured.traffic_steps):
        plan += _move(session, candidate, expected, weights)
        if weights.get(candidate.name) != ALL:
            plan += _watch_step(session, seen, candidate)
        expected = {name: weight for name, weight in weights.items() if weight}
    return plan


def settle(session: Session, candidate: Candidate, names: Sequence[str]) -> Plan:
    """Watch the release for a while, put it on record, and remove what is too old."""
    configured, release = session.place.configured, candidate.release
    plan = Plan()
    if configured.bake_seconds:
        plan += one_step(
            Phase.CONFIRM,
            f"Watch {release.id} with all the traffic",
            lambda: _watch(session, {release.id}, configured.bake_seconds),
            {"seconds": f"{configured.bake_seconds:g}"},
        )
    named = f", named {', '.join(names)}" if names else ""
    plan += one_step(
        Phase.SETTLE,
        f"Record {release.id} as live{named}",
        lambda: _record(session, candidate, names),
    )
    return plan + one_step(
        Phase.TIDY,
        "Remove old revisions",
        lambda: retiring.retire(session, candidate),
        {"keep": str(configured.keep)},
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
    """Take the candidate's address away, and remove what was made for it."""
    return one_step(
        Phase.UNDO,
        f"Remove the revision of {candidate.release.id}, if Google lets us",
        lambda: retiring.discard(session, candidate),
        {"revision": candidate.name},
    )


def _making(session: Session, seen: Seen, candidate: Candidate) -> Plan:
    release = candidate.release
    details = {"revision": candidate.name, "image": release.image}
    if seen.service is None:
        return one_step(
            Phase.STAGE,
            f"Make the service {session.place.service} with {release.id}",
            lambda: creating.create(session, candidate),
            details,
        )
    is_kept = seen.revision(candidate.name) is not None
    title = (
        f"Give the kept revision of {release.id} an address"
        if is_kept
        else f"Make a revision of {release.id} beside the live one"
    )
    return one_step(Phase.STAGE, title, lambda: _make(session, seen, candidate), details)


def _make(session: Session, seen: Seen, candidate: Candidate) -> None:
    before = seen.service.carrying if seen.service else {}
    session.book.note(moving.noted(session, candidate, session.before))
    problem = creating.image_problem(session.place, candidate.release.image)
    if problem is not None:
        raise problem

    def body(service: Service) -> Change | None:
        if service.carrying != {candidate.name: ALL}:
            session.require_traffic(service, before)
        return staging.change_of(session.place, seen, candidate, service)

    session.change(f"make a revision of {candidate.release.id}", body)


def _wait(session: Session, candidate: Candidate, tell: Tell) -> None:
    session.address = wait_until_ready(session, candidate, tell)
    # Its public address is known from now on, also where it is the first.
    if session.began.service is None:
        session.look()


def _move(
    session: Session,
    candidate: Candidate,
    expected: Mapping[str, int],
    weights: Mapping[str, int],
) -> Plan:
    share = weights.get(candidate.name, 0)
    return long_step(
        Phase.PROMOTE,
        f"Give {share} % of the traffic to {candidate.release.id}",
        lambda tell: moving.move(session, expected, weights, tell),
        {name: f"{weight} %" for name, weight in weights.items()},
    )


def _watch_step(session: Session, seen: Seen, candidate: Candidate) -> Plan:
    seconds = session.place.configured.step_seconds
    expected = {candidate.release.id, *_releases(session, seen)}
    return one_step(
        Phase.PROMOTE,
        f"Watch who answers for {seconds:g} s",
        lambda: _watch(session, expected, seconds),
    )


def _releases(session: Session, seen: Seen) -> set[str | None]:
    found = [seen.revision(name) for name in session.before]
    releases = [release_of(revision) for revision in found if revision is not None]
    # What others have put there names no release when it is asked.
    return {release.id if release else None for release in releases}


def _record(session: Session, candidate: Candidate, names: Sequence[str]) -> None:
    session.require_traffic(present(session.place), {candidate.name: ALL})
    entry = Entry(candidate.release.id, candidate.name, datetime.now(UTC), tuple(names))
    session.dropped = session.book.settle(entry, session.place.configured.keep)


def _watch(session: Session, expected: Collection[str | None], seconds: float) -> None:
    address = _public(session)
    watch(address, expected, seconds, session.carrier_to(address))


def _public(session: Session) -> str:
    return session.place.public_address(session.known().service)
