"""The one switch: which release `current` points to, and how a promotion is taken back.

`pending.json` is there from before the link moves until the promotion is settled, so that
whoever finds it knows what served before. Marked as settled, there is nothing to take back.
"""

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from llmops_cli.hosts.agent import releases
from llmops_cli.hosts.agent.durable import point, read_json, remove, write_json
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.trouble import RefusedError


@dataclass(frozen=True)
class Pending:
    """A promotion that is not settled, and what served before it."""

    candidate: str
    before: str | None
    at: str
    is_settled: bool = False


def pending(places: Places) -> Pending | None:
    """Return the promotion that is not settled."""
    found = read_json(places.pending)
    try:
        return Pending(**found) if found else None
    except TypeError:
        return None


def promote(places: Places, candidate: str, expected: str | None) -> None:
    """Let the candidate have the traffic, and note what had it.

    Raises:
        RefusedError: ``changed``, something else is live than was expected.
    """
    before = releases.current(places)
    if before != expected:
        message = f"{before or 'No release'} is live, not {expected or 'none'}."
        raise RefusedError(message, why="changed")
    if before == candidate:
        return
    note = Pending(candidate, before, datetime.now(UTC).isoformat())
    write_json(places.pending, asdict(note))
    point(places.current, f"releases/{candidate}")


def take_back(places: Places) -> None:
    """Let what served before have the traffic again, if a promotion is not settled."""
    note = pending(places)
    if note is None or note.is_settled:
        return
    if note.before is None:
        remove(places.current)
    elif releases.current(places) != note.before:
        point(places.current, f"releases/{note.before}")
    remove(places.pending)


def settle(places: Places) -> None:
    """Make the promotion final: from here on nothing takes it back."""
    note = pending(places)
    if note is None:
        return
    if not note.is_settled:
        write_json(places.pending, {**asdict(note), "is_settled": True})
    folder = places.release(note.candidate)
    if releases.deployed(places, note.candidate) is None:
        write_json(folder / "deployed.json", {"at": note.at, "previous": note.before})
    os.utime(folder)
    remove(places.pending)
