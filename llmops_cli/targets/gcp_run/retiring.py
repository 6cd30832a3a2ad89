"""Removes revisions that nobody goes back to any more, and the addresses of candidates."""

import contextlib

from llmops_cli.core.release import Candidate
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.service import Service
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.template import tag_of
from llmops_cli.targets.gcp_run.traffic import without_tag
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.gcp_run.writing import (
    Change,
    ask,
    change,
    finished,
    is_held_back,
    let_finish,
)


def retire(session: Session, candidate: Candidate) -> None:
    """Take away the address that the candidate was checked at, and remove what is too old.

    A revision with an address has instances of its own where the project wants a fewest number.
    """
    _untag(session, candidate)
    for name in too_old(session, session.look()):
        remove(session.place, name)


def too_old(session: Session, seen: Seen) -> list[str]:
    """Return the revisions of ours that no entry of the ledger needs, and nobody else."""
    assert seen.service is not None
    needed = {one.at for one in session.book.ledger().entries}
    used = {one.revision for one in seen.service.shares}
    return [
        one.name
        for one in seen.revisions
        if one.name not in needed | used
        and one.name != seen.service.latest
        and release_of(one) is not None
    ]


def discard(session: Session, candidate: Candidate) -> None:
    """Take a candidate's address away, and remove its revision, unless it ran before us.

    Where Google does not let us, it stays without traffic; a later deploy removes it. A service
    that was made for it is removed with it.
    """
    if session.began.service is None:
        _remove_service(session, candidate)
    else:
        with contextlib.suppress(LlmopsError):
            service = let_finish(session.place)
            _discard_revision(session, candidate, service)
    # Whoever comes next has nothing to put in order.
    with contextlib.suppress(LlmopsError):
        session.book.note({})


def remove(place: Place, revision: str) -> None:
    """Remove a revision; the one that was made last stays, if Google wants it so."""
    revisions = place.account.client("revisions")
    try:
        ask(
            place,
            f"remove the revision {revision}",
            lambda: revisions.delete_revision({"name": place.name_of(revision)}),
        )
    except LlmopsError as error:
        if not is_held_back(error):
            raise


def _untag(session: Session, candidate: Candidate) -> None:
    tag = tag_of(session.place.service, candidate.name)

    def body(service: Service) -> Change | None:
        has_it = any(one.tag == tag for one in service.shares)
        return Change(traffic=without_tag(service.shares, tag)) if has_it else None

    doing = "take the address of the candidate away"
    finished(session.place, doing, change(session.place, doing, body), lambda line: None)


def _discard_revision(session: Session, candidate: Candidate, service: Service) -> None:
    is_alone = service.carrying.keys() <= {candidate.name}
    if is_alone and not session.before:
        # Nobody else can have its traffic, so nobody gets any.
        doing = "switch the service off"
        asked = change(session.place, doing, lambda found: Change(is_enabled=False))
        finished(session.place, doing, asked, lambda line: None)
    elif candidate.name not in service.carrying:
        with contextlib.suppress(LlmopsError):
            _untag(session, candidate)
        if session.began.revision(candidate.name) is None:
            remove(session.place, candidate.name)


def _remove_service(session: Session, candidate: Candidate) -> None:
    """Remove the service that was made for a candidate, if it is what we made."""
    place = session.place
    service = place.read_service()
    if service is None or service.carrying.keys() - {candidate.name}:
        return
    services = place.account.client("services")
    ask(
        place,
        f"remove the service {place.service}",
        lambda: services.delete_service({"name": place.name}),
    )
