"""What is on record of a service, or what its revisions let one conclude where that is gone."""

from datetime import UTC, datetime

from llmops_cli.targets.gcp_run.place import Seen
from llmops_cli.targets.gcp_run.service import Revision
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.shelved.book import Entry, Ledger

_LONG_AGO = datetime.fromtimestamp(0, UTC)


def remembered(seen: Seen, ledger: Ledger) -> Ledger:
    """Return the ledger.

    Somebody may have emptied the bucket. The revisions say then which releases there are, and the
    traffic which of them is live.
    """
    if ledger.entries or seen.service is None:
        return ledger
    return _concluded(seen, seen.service.carrying, ledger)


def _concluded(seen: Seen, carrying: dict[str, int], ledger: Ledger) -> Ledger:
    ours = [one for one in seen.revisions if release_of(one) and not one.ready.has_failed]
    ours.sort(key=lambda one: (carrying.get(one.name, 0), _created(one)), reverse=True)
    if not any(one.name in carrying for one in ours):
        return ledger
    found: dict[str, Entry] = {}
    for one in ours:
        release = release_of(one)
        if release is not None:
            found.setdefault(release.id, Entry(release.id, one.name, _created(one)))
    ids = [*found, ""]
    return Ledger(ids[0], ids[1], tuple(found.values()), ledger.pending)


def _created(revision: Revision) -> datetime:
    return revision.created or _LONG_AGO
