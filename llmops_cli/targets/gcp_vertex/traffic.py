"""Moves the traffic of an endpoint between what is deployed to it."""

import contextlib
from collections.abc import Callable, Mapping

from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_vertex.endpoint import Endpoint
from llmops_cli.targets.gcp_vertex.session import Session, shown

ALL = 100
#: Says of the endpoint as it is now whether its traffic may be changed. It may raise.
Allows = Callable[[Endpoint], bool]
#: Seconds for which a change is tried again that came between two of somebody else's.
_BUSY_SECONDS = 60.0


def share(before: Mapping[str, int], id: str, percent: int) -> dict[str, int]:
    """Return the traffic once ``id`` has ``percent`` of it, and those before it share the rest."""
    others = {one: weight for one, weight in before.items() if one != id and weight}
    total = sum(others.values())
    if not total or percent == ALL:
        return {id: ALL}
    rest = ALL - percent
    found = {one: weight * rest // total for one, weight in others.items()}
    heaviest = max(others, key=lambda one: others[one])
    found[heaviest] += rest - sum(found.values())
    return {**{one: weight for one, weight in found.items() if weight}, id: percent}


def move(session: Session, expected: Mapping[str, int], weights: Mapping[str, int]) -> None:
    """Give the traffic out as ``weights`` says, if it is as ``expected`` now.

    Raises:
        DeployError: somebody else has moved it, or Google has not done it.
        LockedError: the lock is not ours any more.
    """
    session.book.require_lock()
    wanted = {id: weight for id, weight in weights.items() if weight}

    def is_allowed(endpoint: Endpoint) -> bool:
        session.require_traffic(endpoint.traffic, expected)
        return True

    session.moved.append(wanted)
    put(session, wanted, is_allowed)


def put(session: Session, weights: Mapping[str, int], is_allowed: Allows) -> bool:
    """Give the traffic out where ``is_allowed`` says so of the endpoint as it is now.

    Raises:
        DeployError: Google has not done it, and said that it has.
    """
    place, wanted = session.place, dict(weights)
    for _passed in pauses(_BUSY_SECONDS):
        now = session.endpoint()
        if now.traffic == wanted:
            return True
        if not is_allowed(now):
            return False
        if _sent(session, now, wanted):
            break
    after = session.endpoint()
    if after.traffic != wanted:
        raise DeployError(
            "Google has not moved the traffic, and said that it has.",
            evidence=f"It is {shown(after.traffic)}, not {shown(wanted)}.",
            next_step=f"llmops status, then llmops deploy; the endpoint is {place.endpoint}",
        )
    return True


def _sent(session: Session, now: Endpoint, weights: Mapping[str, int]) -> bool:
    """Send a change once; False where the endpoint has changed since it was read."""
    from google.api_core.exceptions import Aborted

    request = {
        "endpoint": {
            "name": session.place.endpoint,
            "display_name": now.display_name,
            "etag": now.etag,
            "traffic_split": dict(weights),
        },
        "update_mask": {"paths": ["traffic_split"]},
    }
    with session.place.account.told("move the traffic"), contextlib.suppress(Aborted):
        session.place.endpoints.update_endpoint(request=request, **changing())
        return True
    return False
