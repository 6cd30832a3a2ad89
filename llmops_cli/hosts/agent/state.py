"""What the host does: which release is current, which answers, and how the units are."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent import asking, releases, running, switch
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.systemd import Unit


def state(agent: Agent, _request: Request) -> dict[str, Any]:
    """Answer what serves, what should, and how the units of all releases are."""
    places = agent.places
    live, note = releases.current(places), switch.pending(places)
    return {
        "current": live,
        "since": _since(places) if live else None,
        "stopped": live is not None and not _is_wanted(agent),
        "previous": _previous(places, live, note),
        "pending": {"candidate": note.candidate, "before": note.before} if note else None,
        "release": releases.document(places, live) if live else None,
        "answers": _answers(places, live),
        "site": _sha256(places.site),
        "units": {
            name: _unit(unit) for name, unit in running.services(places, agent.units).items()
        },
    }


def _previous(places: Places, live: str | None, note: switch.Pending | None) -> str | None:
    if note is not None and note.candidate == live:
        return note.before
    return releases.previous_of(places, live) if live else None


def _since(places: Places) -> str | None:
    """Return when `current` was last pointed elsewhere."""
    try:
        changed = os.lstat(places.current).st_mtime
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(changed, UTC).isoformat()


def _is_wanted(agent: Agent) -> bool:
    """Return whether the unit that starts what is current is on: an operator turns it off."""
    found = agent.units.read(agent.places.boot_unit)
    return any(unit.active in ("active", "activating", "reloading") for unit in found)


def _answers(places: Places, live: str | None) -> str | None:
    if live is None:
        return None
    try:
        return asking.at_socket(places.current / "socket")
    except OSError:
        return None


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "active": unit.active,
        "sub": unit.sub,
        "result": unit.result,
        "status": unit.status,
        "restarts": unit.restarts,
        "since": unit.since,
        "memory": unit.memory,
    }
