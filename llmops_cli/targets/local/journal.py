"""What was done with this target: one JSON line an event, appended, read from its end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from llmops_cli.core.target import Event
from llmops_cli.targets.local.logfile import last_lines


@dataclass(frozen=True)
class Journal:
    """The history file of one target."""

    path: Path

    def append(self, event: Event) -> None:
        """Add an event."""
        line = json.dumps(
            {
                "at": event.at.isoformat(),
                "action": event.action,
                "release": event.release,
                "by": event.by,
                "details": dict(event.details),
            }
        )
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def last(self, count: int) -> Sequence[Event]:
        """Return the last ``count`` events, the newest first, without half-written lines."""
        events = (_event(line) for line in last_lines(self.path, count))
        return tuple(event for event in events if event is not None)[::-1]


def _event(line: str) -> Event | None:
    try:
        found = json.loads(line)
        return Event(
            at=datetime.fromisoformat(found["at"]),
            action=found["action"],
            release=found["release"],
            by=found["by"],
            details=found["details"],
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return None
