"""What is on record of an app, or what its revisions let one conclude where the tags are gone."""

from datetime import UTC, datetime

from llmops_cli.targets.azure_containerapp.app import Revision
from llmops_cli.targets.azure_containerapp.place import Seen
from llmops_cli.targets.azure_containerapp.records import (
    Deployed,
    Records,
    has_records,
    records_of,
)
from llmops_cli.targets.azure_containerapp.variables import release_of

_LONG_AGO = datetime.fromtimestamp(0, UTC)


def remembered(seen: Seen) -> Records:
    """Return the records of an app.

    Terraform, or a person, may have set the tags as they were before us. The revisions say then
    which releases there are, and the traffic which of them is live.
    """
    if seen.app is None:
        return Records()
    if has_records(seen.app.tags):
        return records_of(seen.app.name, seen.app.tags)
    return _concluded(seen, seen.app.carrying)


def next_number(seen: Seen, records: Records) -> int:
    """Return a number that no revision of the app has in its name, nor ever had."""
    used = [_number(revision.name) for revision in seen.revisions]
    return max([records.made, *used], default=0) + 1


def _concluded(seen: Seen, carrying: dict[str, int]) -> Records:
    ours = [revision for revision in seen.revisions if release_of(revision) is not None]
    ours.sort(key=lambda one: (carrying.get(one.name, 0), _created(one)), reverse=True)
    if not any(one.name in carrying for one in ours):
        return Records()
    names = [*(one.name for one in ours), ""]
    deployed = tuple(
        Deployed(one.name, _created(one), _created(one), previous)
        for one, previous in zip(ours, names[1:], strict=False)
    )
    return Records(deployed=deployed)


def _created(revision: Revision) -> int:
    return int((revision.created or _LONG_AGO).timestamp())


def _number(name: str) -> int:
    tail = name.rpartition("-")[2]
    return int(tail) if tail.isdecimal() and len(tail) < 7 else 0
