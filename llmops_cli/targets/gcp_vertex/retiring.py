"""Undeploys what is paid for and nobody goes back to at once, and deletes versions nobody keeps."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex import progress
from llmops_cli.targets.gcp_vertex.candidates import releases_by_deployed
from llmops_cli.targets.gcp_vertex.endpoint import Deployed
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.gcp_vertex.progress import Begun
from llmops_cli.targets.gcp_vertex.session import DEPLOY, Session
from llmops_cli.targets.shelved.book import Entry, Ledger


def retire(session: Session) -> None:
    """Begin to undeploy what is not warm any more; Google finishes that without us."""
    seen = session.look()
    warm = session.place.configured.warm_seconds
    for one in too_old(seen, session.book.ledger(), warm, datetime.now(UTC)):
        undeploy(session.place, one)


def too_old(seen: Seen, ledger: Ledger, warm: float, now: datetime) -> Iterator[Deployed]:
    """Yield what of ours is deployed, and paid for, for nothing. What others deployed stays.

    Only the release before the live one is kept warm, however quickly one followed the other.
    """
    releases = releases_by_deployed(seen)
    for one in seen.endpoint.deployed if seen.endpoint else ():
        release = releases.get(one.id)
        is_used = seen.endpoint is not None and one.id in seen.endpoint.traffic
        if release is None or is_used or release.id == ledger.live:
            continue
        left = left_at(ledger, release.id) if release.id == ledger.previous else None
        if left is None or (now - left).total_seconds() >= warm:
            yield one


def left_at(ledger: Ledger, release: str) -> datetime | None:
    """Return when the traffic of a release went to the one after it; None where it never had it."""
    for after, one in zip(ledger.entries, ledger.entries[1:], strict=False):
        if one.release == release:
            return after.deployed_at
    return None


def undeploy(place: Place, one: Deployed) -> Begun:
    """Begin to undeploy; Google refuses that for what has traffic while another is deployed."""
    request = {"endpoint": place.endpoint, "deployed_model_id": one.id}
    doing = f"undeploy {one.name or one.id} from the endpoint {place.endpoint_id}"
    return progress.begin(
        place,
        "endpoints",
        doing,
        lambda **how: place.endpoints.undeploy_model(request=request, **how),
    )


def undeploy_all(session: Session, tell: Tell) -> None:
    """Undeploy all that is deployed, the one with the traffic last, and wait until that is done."""
    endpoint = session.endpoint()
    for one in sorted(endpoint.deployed, key=lambda one: endpoint.traffic.get(one.id, 0)):
        tell(f"undeploys {one.name or one.id}")
        progress.finish(session.place, undeploy(session.place, one), tell)
    session.look()


def discard(session: Session, candidate: Candidate) -> None:
    """Undeploy a candidate that was not deployed before.

    Where Google does not let us, it stays without traffic; the next deploy undeploys it.
    """
    begun_before = session.began.endpoint
    with contextlib.suppress(LlmopsError):
        name = session.pending.get(DEPLOY)
        if name:
            # It may come up all the same: it stays noted for whoever comes next.
            progress.cancel(session.place, Begun("endpoints", name, "end the deployment"))
            return
        endpoint = session.endpoint()
        mine = endpoint.by_id(session.deployed)
        was_there = begun_before is not None and begun_before.by_id(session.deployed) is not None
        is_last = len(endpoint.deployed) == 1
        if mine is not None and not was_there and (is_last or mine.id not in endpoint.traffic):
            undeploy(session.place, mine)
        session.pending.clear()
        session.note()


def delete_versions(session: Session, dropped: Iterable[Entry]) -> None:
    """Delete versions that are not kept any more, unless they are deployed somewhere."""
    place, seen = session.place, session.known()
    for entry in dropped:
        version = seen.version(entry.at)
        if version is None or "default" in version.aliases or _is_deployed(seen, version.id):
            continue
        with contextlib.suppress(LlmopsError), place.account.told("delete an old version"):
            name = f"{place.model}@{version.id}"
            place.models.delete_model_version(request={"name": name}, **changing())


def _is_deployed(seen: Seen, version: str) -> bool:
    return seen.endpoint is not None and seen.endpoint.of_version(version) is not None
