"""What is on record of a service, or what its task definitions tell where the record is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime

from llmops_cli.core.release import KeptRelease, Release
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.revision import Revision
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.shelved.book import Entry, Ledger

_LONG_AGO = datetime.fromtimestamp(0, UTC)
#: Task definitions that are read, at most, where the record is lost.
_MOST = 50


def remembered(place: Place, service: Service | None, ledger: Ledger) -> Ledger:
    """Return the record; where the bucket has none, what the task definitions let one conclude.

    Somebody may have emptied the bucket. Each revision says itself which release it runs, since
    when it counts and which names it has; the service says which of them is live.
    """
    if ledger.entries or service is None:
        return ledger
    revisions = list(_settled(place))
    if not revisions:
        return ledger
    entries = tuple(_entry(one) for one in revisions)
    live = place.release_at(service.definition)
    others = [one.release for one in entries if live is None or one.release != live.id]
    return Ledger(
        live=live.id if live else entries[0].release,
        previous=others[0] if others else "",
        entries=entries,
        pending=ledger.pending,
    )


def kept(place: Place, ledger: Ledger) -> Iterator[KeptRelease]:
    """Yield the releases that can be gone back to, the newest first."""
    for entry in ledger.entries:
        release = place.release_at(entry.at)
        if release is not None:
            yield KeptRelease(release, entry.deployed_at, entry.names)


def release_of(place: Place, ledger: Ledger, id: str) -> Release | None:
    """Return a release that is on record."""
    entry = ledger.entry(id) if id else None
    return place.release_at(entry.at) if entry else None


def _settled(place: Place) -> Iterator[Revision]:
    """Yield the revisions that have been live, each release once, the latest first."""
    found = [place.read_revision(arn) for arn in place.list_revisions()[:_MOST]]
    settled = [one for one in found if one is not None and one.live_since and one.release]
    settled.sort(key=lambda one: one.live_since or _LONG_AGO, reverse=True)
    known: set[str] = set()
    for one in settled:
        release = one.release
        if release is not None and release.id not in known:
            known.add(release.id)
            yield one


def _entry(revision: Revision) -> Entry:
    release = revision.release
    assert release is not None
    assert revision.live_since is not None
    return Entry(release.id, revision.arn, revision.live_since, revision.names)
