"""Puts releases on record: in the bucket, and on their task definitions in case that is lost."""

import contextlib
from collections.abc import Sequence
from datetime import datetime

from llmops_cli.core.target import Event
from llmops_cli.errors import LlmopsError, ReleaseNotFoundError
from llmops_cli.targets.aws_ecs import registering
from llmops_cli.targets.aws_ecs.revision import NAMES_TAG
from llmops_cli.targets.aws_ecs.session import Session
from llmops_cli.targets.shelved.book import Entry, Ledger


def settle(session: Session, definition: str, names: Sequence[str], at: datetime) -> None:
    """Put the release of a task definition on record as the live one."""
    place, book = session.place, session.book
    release = place.release_at(definition)
    assert release is not None
    _write_down(session)
    before = book.ledger().entry(release.id)
    kept = tuple(dict.fromkeys([*(before.names if before else ()), *names]))
    entry = Entry(release.id, definition, at, kept)
    book.settle(entry, place.configured.keep)
    session.is_settled = True
    session.forget()
    # The release is live and on record: what is for the case of its loss may wait.
    with contextlib.suppress(LlmopsError):
        registering.mark_live(place, definition, at.isoformat(), kept)
    _unmark(session, names, definition)


def name(session: Session, release: str, names: Sequence[str]) -> None:
    """Give a kept release names.

    Raises:
        ReleaseNotFoundError: it is not kept.
    """
    entry = session.known().ledger.entry(release)
    if entry is None:
        raise ReleaseNotFoundError(
            f"There is no release {release!r} to name.", next_step="llmops releases"
        )
    _write_down(session)
    session.book.name(release, names)
    kept = tuple(dict.fromkeys([*entry.names, *names]))
    registering.mark(session.place, entry.at, {NAMES_TAG: " ".join(kept)})
    _unmark(session, names, entry.at)
    session.forget()


def unname(session: Session, wanted: str) -> bool:
    """Take a name away; False where no release bears it."""
    if not any(wanted in entry.names for entry in session.known().ledger.entries):
        return False
    _write_down(session)
    session.book.unname(wanted)
    _unmark(session, (wanted,), "")
    session.forget()
    return True


def record(session: Session, event: Event) -> None:
    """Add an event to the history."""
    session.book.record(event)
    session.forget()


def _unmark(session: Session, names: Sequence[str], but: str) -> None:
    """Take names from the task definitions of others, which bear them as the record says."""
    for entry in session.known().ledger.entries if names else ():
        revision = session.place.read_revision(entry.at)
        if revision is None or entry.at == but or not set(names) & set(revision.names):
            continue
        left = [one for one in revision.names if one not in names]
        registering.mark(session.place, entry.at, {NAMES_TAG: " ".join(left)})


def _write_down(session: Session) -> None:
    """Write a record that was lost anew, from what the task definitions tell."""
    found, ledger = session.known().ledger, session.book.ledger()
    if ledger.entries or not found.entries:
        return
    for entry in _live_last(found):
        session.book.settle(entry, len(found.entries))


def _live_last(ledger: Ledger) -> list[Entry]:
    """Return the entries from the oldest on, the live one last."""
    oldest = sorted(ledger.entries, key=lambda entry: entry.deployed_at)
    return sorted(oldest, key=lambda entry: entry.release == ledger.live)
