"""Moves the traffic to a revision, gives it back, and puts in order what a killed run left."""

from collections.abc import Mapping
from typing import Any

from llmops_cli.core.release import Candidate
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_containerapp import traffic
from llmops_cli.targets.azure_containerapp.app import App
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import Seen
from llmops_cli.targets.azure_containerapp.session import Session
from llmops_cli.targets.azure_containerapp.variables import release_of
from llmops_cli.targets.azure_containerapp.writing import change, let_finish
from llmops_cli.targets.shares import ALL
from llmops_cli.targets.watching import answers_within

#: Seconds that the public address may take to answer as before, once it has the traffic again.
_BACK_SECONDS = 60.0


def move(session: Session, expected: Mapping[str, int], weights: Mapping[str, int]) -> None:
    """Give revisions the traffic that ``weights`` says, if it is as ``expected`` now.

    Raises:
        DeployError: somebody else has moved it.
    """

    def body(app: App) -> Mapping[str, Any]:
        session.require_traffic(app, expected)
        session.moved.append(_without_none(weights))
        return document_of(app, weights)

    app = session.change("move the traffic", body)
    wanted = _without_none(weights)
    if app is not None and app.carrying != wanted:
        raise DeployError(
            "Azure has not moved the traffic, and said that it has.",
            evidence=f"It is {app.carrying}, not {wanted}.",
            next_step="llmops status, then llmops deploy",
        )


def give_back(session: Session, candidate: Candidate, public: str, release: str | None) -> None:
    """Give the traffic back to who had it, unless somebody else has taken it from us since, or the
    release came to be on record after all.

    Waits until the public address answers as before; ``release`` is who did, if anybody.
    """
    before = dict(session.before)

    def body(app: App) -> Mapping[str, Any] | None:
        is_ours = any(app.carrying == dict(moved) for moved in session.moved)
        is_given = is_ours and bool(before) and not is_settled(session, app, candidate.name)
        return document_of(app, before) if is_given else None

    if not session.moved:
        return
    # What was asked for may come about although it was said to have failed, or nothing was said.
    let_finish(session.place)
    # Whoever has the lock now: the traffic is ours to give back as long as it is where we put it.
    given = change(session.place, "give the traffic back", body)
    if release is not None and given is not None:
        answers_within(public, release, min(_BACK_SECONDS, session.place.configured.ready_seconds))


def is_settled(session: Session, app: App, revision: str) -> bool:
    """Whether a revision has come to be the one on record since the rollout was planned."""
    now = remembered(Seen(app, session.began.revisions)).live
    return now == revision != remembered(session.began).live


def put_in_order(session: Session) -> None:
    """Give the traffic to the revision on record, after a run that never gave back the lock."""
    seen = session.look()
    live = remembered(seen).live
    recorded = seen.revision(live)
    if seen.app is None or recorded is None or not recorded.is_active:
        return
    if seen.app.carrying != {live: ALL} and _is_half_done(seen, live):
        session.change(
            "give the traffic back to the release on record",
            lambda app: document_of(app, {live: ALL}),
        )
        release = release_of(recorded)
        if release is not None:
            answers_within(session.place.public_address(seen.app), release.id, _BACK_SECONDS)
        session.look()


def document_of(app: App, weights: Mapping[str, int]) -> dict[str, Any]:
    """Return what makes the traffic so."""
    shares = traffic.mixed(_without_none(weights), app.shares)
    there = {share.revision for share in app.shares} | set(weights)
    documents = traffic.documents_of(shares, there)
    return {"properties": {"configuration": {"ingress": {"traffic": documents}}}}


def _is_half_done(seen: Seen, live: str) -> bool:
    """Whether those that have the traffic were never settled; a person's choice stays."""
    assert seen.app is not None
    settled = {one.revision for one in remembered(seen).deployed}
    return any(name not in settled for name in seen.app.carrying)


def _without_none(weights: Mapping[str, int]) -> dict[str, int]:
    return {name: weight for name, weight in weights.items() if weight}
