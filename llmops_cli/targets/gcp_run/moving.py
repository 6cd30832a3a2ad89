"""Moves the traffic to a revision, gives it back, and puts in order what a killed run left."""

import contextlib
import json
from collections.abc import Iterator, Mapping

from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.targets.gcp_run.memory import remembered
from llmops_cli.targets.gcp_run.service import Service, carrying
from llmops_cli.targets.gcp_run.session import Session, shown
from llmops_cli.targets.gcp_run.traffic import shares_of
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.gcp_run.writing import Change, change, finished, let_finish
from llmops_cli.targets.shares import ALL
from llmops_cli.targets.watching import answers_within

#: Seconds that the public address may take to answer as before, once it has the traffic again.
_BACK_SECONDS = 60.0
#: What a rollout notes of itself for whoever comes after it, if it is killed.
REVISION, RELEASE, BEFORE = "revision", "release", "traffic before"


def noted(session: Session, candidate: Candidate, before: Mapping[str, int]) -> dict[str, str]:
    """Return what a rollout under way notes of itself."""
    return {
        REVISION: candidate.name,
        RELEASE: candidate.release.id,
        BEFORE: json.dumps(dict(before)),
    }


def move(
    session: Session, expected: Mapping[str, int], weights: Mapping[str, int], tell: Tell
) -> None:
    """Give revisions the traffic that ``weights`` says, if it is as ``expected`` now.

    Raises:
        DeployError: somebody else has moved it, or Google does not.
    """
    wanted = {name: weight for name, weight in weights.items() if weight}

    def body(service: Service) -> Change | None:
        session.require_traffic(service, expected)
        if service.carrying == wanted:
            return None
        session.moved.append(wanted)
        return Change(traffic=shares_of(wanted, service.shares))

    with _judged(session, wanted):
        session.changed("move the traffic", body, tell)


def give_back(session: Session, candidate: Candidate, public: str, release: str | None) -> None:
    """Give the traffic back to who had it, unless somebody else has taken it from us since, or the
    release came to be on record after all.

    Waits until the public address answers as before; ``release`` is who did, if anybody.
    """
    before, given = dict(session.before), list[bool]()

    def body(service: Service) -> Change | None:
        is_ours = any(service.carrying == dict(moved) for moved in session.moved)
        if not (is_ours and before) or _is_settled(session, candidate):
            return None
        given.append(True)
        return Change(traffic=shares_of(before, service.shares))

    if not session.moved:
        return
    # What was asked for may come about although it was said to have failed, or nothing was said.
    let_finish(session.place)
    # Whoever has the lock now: the traffic is ours to give back as long as it is where we put it.
    with _judged(session, before, is_needed=given):
        name = change(session.place, "give the traffic back", body)
        finished(session.place, "give the traffic back", name, lambda line: None)
    if release is not None and given:
        seconds = min(_BACK_SECONDS, session.place.configured.ready_seconds)
        answers_within(public, release, seconds, session.carrier_to(public))


def put_in_order(session: Session, pending: Mapping[str, str]) -> None:
    """Give the traffic to the release on record, after a run that was killed on its way.

    A person's choice stays: only what that run has moved is moved back.
    """
    seen = session.look()
    if seen.service is None:
        return
    let_finish(session.place)
    ledger, left = remembered(seen, session.book.ledger()), pending.get(REVISION, "")
    before = _there(session, pending)

    def body(service: Service) -> Change | None:
        has_moved = left in service.carrying and service.carrying != before
        return Change(traffic=shares_of(before, service.shares)) if has_moved else None

    if before and ledger.live != pending.get(RELEASE):
        with _judged(session, before):
            session.changed("give the traffic back to the release on record", body)
        recorded = seen.revision(max(before, key=lambda name: before[name]))
        release = release_of(recorded) if recorded else None
        if release is not None:
            address = session.place.public_address(seen.service)
            answers_within(address, release.id, _BACK_SECONDS, session.carrier_to(address))
    session.look()


def _is_settled(session: Session, candidate: Candidate) -> bool:
    """Whether a release has come to be the one on record since the rollout was planned."""
    with contextlib.suppress(LlmopsError):
        ledger = session.book.ledger()
        return not ledger.pending and ledger.live == candidate.release.id
    return False


def _there(session: Session, pending: Mapping[str, str]) -> dict[str, int]:
    """Return who had the traffic before, as a killed run has noted it, of those who are there."""
    try:
        found = json.loads(pending.get(BEFORE, "{}"))
        before = {str(name): int(weight) for name, weight in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    there = {one.name for one in session.known().revisions}
    is_whole = set(before) <= there and sum(before.values()) == ALL
    return before if is_whole else {}


@contextlib.contextmanager
def _judged(
    session: Session, wanted: Mapping[str, int], *, is_needed: list[bool] | None = None
) -> Iterator[None]:
    """Judge a change of the traffic by where it is in the end.

    The last revision that was made may be broken, and then Google calls every change a failure.
    """
    failure: LlmopsError | None = None
    try:
        yield
    except DeployError as error:
        failure = error
    if is_needed is not None and not is_needed:
        if failure:
            raise failure
        return
    service = session.place.read_service()
    found = carrying(service.observed) if service else {}
    if found != dict(wanted):
        raise failure or DeployError(
            "Google has not moved the traffic, and said that it has.",
            evidence=f"It is {shown(found)}, not {shown(wanted)}.",
            next_step="llmops status, then llmops deploy",
        )
