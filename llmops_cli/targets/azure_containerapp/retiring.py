"""Stops what nobody goes back to any more, and drops the secrets that nothing uses."""

import contextlib
from datetime import UTC, datetime

from llmops_cli.core.release import Candidate
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.azure_containerapp import secrets
from llmops_cli.targets.azure_containerapp.app import App, Revision, secrets_used
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.records import Records
from llmops_cli.targets.azure_containerapp.session import Session
from llmops_cli.targets.azure_containerapp.variables import release_of
from llmops_cli.targets.azure_containerapp.writing import ask, let_finish


def retire(session: Session) -> None:
    """Stop revisions that are not warm any more; Azure itself never stops one in this mode."""
    seen = session.look()
    old = too_old(seen, session.place.configured.warm_seconds, datetime.now(UTC))
    for revision in old:
        deactivate(session.place, revision.name)
    _drop_secrets(session, session.look() if old else seen)


def too_old(seen: Seen, warm_seconds: float, now: datetime) -> list[Revision]:
    """Return the revisions of ours that have replicas for nothing."""
    records = remembered(seen)
    assert seen.app is not None
    used = {share.revision for share in seen.app.shares if share.weight or share.label}
    return [
        revision
        for revision in seen.revisions
        if revision.is_active
        and revision.name not in used
        and release_of(revision) is not None
        and not _is_warm(records, revision, warm_seconds, now)
    ]


def discard(session: Session, candidate: Candidate) -> None:
    """Stop a candidate, unless it ran before us or has come to be live after all.

    Where Azure does not let us, it stays without traffic; the next deploy stops it.
    """
    place, before = session.place, session.began.revision(candidate.name)
    if before is not None and before.is_active:
        return
    with contextlib.suppress(LlmopsError):
        app, revision = let_finish(place), place.read_revision(candidate.name)
        serves = bool(session.before) and candidate.name in app.carrying
        if revision is not None and revision.is_active and not serves:
            deactivate(place, candidate.name)


def activate(place: Place, revision: str) -> None:
    """Start the replicas of a revision that was stopped."""
    operations = place.client.container_apps_revisions
    ask(
        place,
        f"start the revision {revision}",
        lambda: operations.activate_revision(place.group, place.app, revision),
    )


def deactivate(place: Place, revision: str) -> None:
    """Stop the replicas of a revision; they finish what they do first."""
    operations = place.client.container_apps_revisions
    ask(
        place,
        f"stop the revision {revision}",
        lambda: operations.deactivate_revision(place.group, place.app, revision),
    )


def unused_secrets(seen: Seen, app: App) -> secrets.Wanted:
    """Return the app's secrets without those of ours that no revision needs any more."""
    records = remembered(seen)
    needed = [
        revision.template
        for revision in seen.revisions
        if revision.is_active or records.of(revision.name) is not None
    ]
    used = set(secrets_used([*needed, app.template, app.configuration]))
    return secrets.without_unused(app.secrets, used)


def _drop_secrets(session: Session, seen: Seen) -> None:
    if seen.app is None or not unused_secrets(seen, seen.app).is_change:
        return

    def body(app: App) -> dict[str, object] | None:
        left = unused_secrets(seen, app)
        values = session.place.inline_values() if left.needs_values else {}
        documents = secrets.documents_of(left.secrets, values)
        return {"properties": {"configuration": {"secrets": documents}}}

    session.change("drop secrets that nothing uses", body)


def _is_warm(records: Records, revision: Revision, seconds: float, now: datetime) -> bool:
    if records.of(revision.name) is None:
        return False
    left = records.left(revision.name)
    return left is None or now.timestamp() - left < seconds
