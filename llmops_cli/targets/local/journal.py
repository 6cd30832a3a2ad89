"""What was done with this target: one JSON line an event, appended, read from its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.core.target import Event
from llmops_cli.targets.documents import event_from, event_line
from llmops_cli.targets.local.logfile import last_lines


@dataclass(frozen=True)
class Journal:
    """The history file of one target."""

    path: Path

    def append(self, event: Event) -> None:
        """Add an event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(event_line(event))

    def last(self, count: int) -> Sequence[Event]:
        """Return the last ``count`` events, the newest first, without half-written lines."""
        events = (event_from(line) for line in last_lines(self.path, count))
        return tuple(event for event in events if event is not None)[::-1]
