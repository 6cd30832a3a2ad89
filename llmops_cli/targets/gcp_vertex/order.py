"""Gives the traffic back, and puts in order what a killed run left half done."""

from collections.abc import Mapping

from llmops_cli.clouds.gcp import operations
from llmops_cli.clouds.gcp.operations import Watched
from llmops_cli.core.carrier import Carrier
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex import traffic
from llmops_cli.targets.gcp_vertex.endpoint import Endpoint
from llmops_cli.targets.gcp_vertex.session import (
    BEFORE,
    DEPLOY,
    DEPLOYED,
    RELEASE,
    UPLOAD,
    VERSION,
    Session,
    weights_of,
)
from llmops_cli.targets.gcp_vertex.watching import answers_within

#: Seconds that the endpoint may take to answer as before, once it has the traffic again.
_BACK_SECONDS = 60.0


def give_back(session: Session, carrier: Carrier) -> None:
    """Give the traffic back to who had it, unless somebody else has taken it from us since.

    Waits until the endpoint answers as before.
    """
    before = {id: share for id, share in session.before.items() if share}
    if not session.moved or not before:
        return

    def is_ours(endpoint: Endpoint) -> bool:
        return any(endpoint.traffic == dict(moved) for moved in session.moved)

    # Whoever has the lock now: the traffic is ours to give back as long as it is where we put it.
    given = traffic.put(session, before, is_ours)
    session.moved.clear()
    live = session.book.ledger().live
    if given and live:
        seconds = min(_BACK_SECONDS, session.place.configured.ready_seconds)
        url = session.place.public_address(session.known().endpoint)
        answers_within(url, carrier, live, seconds)


def put_in_order(session: Session, pending: Mapping[str, str], carrier: Carrier) -> None:
    """Take the traffic back from what a killed run did not come to settle.

    What it had begun to make goes on at Google: the session knows of it, so that a deploy of the
    same release goes on with it, and any other waits for it and undeploys it.
    """
    seen = session.look()
    before = weights_of(pending.get(BEFORE, ""))
    if seen.endpoint is not None and _is_half_done(session, seen.endpoint, pending, before):
        traffic.put(session, before, lambda endpoint: True)
        live = session.book.ledger().live
        if live:
            url = session.place.public_address(seen.endpoint)
            answers_within(url, carrier, live, _BACK_SECONDS)
        session.look()
    session.pending = _still_under_way(session, pending)


def _is_half_done(
    session: Session,
    endpoint: Endpoint,
    pending: Mapping[str, str],
    before: Mapping[str, int],
) -> bool:
    """Whether the candidate of a killed run has traffic; a person's choice stays."""
    mine = endpoint.by_id(pending.get(DEPLOYED, "")) or endpoint.of_version(
        pending.get(VERSION, "")
    )
    if mine is None or mine.id not in endpoint.traffic:
        return False
    are_there = all(endpoint.by_id(id) is not None for id in before)
    return bool(before) and are_there and before != endpoint.traffic


def _still_under_way(session: Session, pending: Mapping[str, str]) -> dict[str, str]:
    clients = {UPLOAD: "models", DEPLOY: "endpoints"}
    for key, client in clients.items():
        name = pending.get(key, "")
        if name and not _has_ended(session, client, name):
            kept = (RELEASE, VERSION, BEFORE, key)
            return {one: pending[one] for one in kept if pending.get(one)}
    return {}


def _has_ended(session: Session, client: str, name: str) -> bool:
    watched = Watched(session.place.account, client, name, "look at what a killed run began")
    try:
        operations.wait(watched, seconds=0)
    except operations.TakesTooLongError:
        return False
    except LlmopsError:
        return True
    return True
