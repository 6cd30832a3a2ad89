"""Names of releases, and events, in the tags of the app."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmops_cli.core.target import Event
from llmops_cli.errors import ReleaseNotFoundError
from llmops_cli.targets.azure_containerapp.app import App
from llmops_cli.targets.azure_containerapp.inspection import revision_of
from llmops_cli.targets.azure_containerapp.lock import without_lease
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import Seen
from llmops_cli.targets.azure_containerapp.records import Records, with_event, with_records
from llmops_cli.targets.azure_containerapp.session import Session


def name(session: Session, release: str, names: Sequence[str]) -> None:
    """Give a kept release names.

    Raises:
        ReleaseNotFoundError: it is not kept.
    """
    revision = revision_of(session.known(), release)
    if revision is None:
        raise ReleaseNotFoundError(
            f"There is no release {release!r} to name.", next_step="llmops releases"
        )
    _change(session, lambda records: records.named(revision, names))


def unname(session: Session, wanted: str) -> bool:
    """Take a name away; False where no release bears it."""
    if wanted not in remembered(session.known()).names:
        return False
    _change(session, lambda records: records.without_name(wanted))
    return True


def record(session: Session, event: Event) -> None:
    """Add an event to the history, and give back the lock in the same change: it is the last."""
    lease = session.lease

    def body(app: App) -> Mapping[str, Any]:
        tags = with_event(event, app.tags)
        return {"tags": without_lease(tags) if lease else tags}

    session.change("record what was done", body)
    session.is_given_back = lease is not None
    session.lease = None
    session.seen = None


def _change(session: Session, changed: Callable[[Records], Records]) -> None:
    seen = session.known()

    def body(app: App) -> Mapping[str, Any]:
        records = changed(remembered(Seen(app, seen.revisions)))
        return {"tags": with_records(app.name, records, app.tags)}

    session.change("write down the names", body)
    session.seen = None
