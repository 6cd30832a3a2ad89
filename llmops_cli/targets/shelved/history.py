"""What was done with a target, when and by whom: a line an event, in one text of a shelf."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_cli.clouds.shelf import Shelf
from llmops_cli.core.target import Event
from llmops_cli.targets.documents import event_from, event_line
from llmops_cli.targets.shelved.writing import changed

#: Events that are kept: some 300 kB.
MOST_EVENTS = 1000


@dataclass(frozen=True)
class History:
    """The text of that key, in which the newest event is the last line."""

    shelf: Shelf
    key: str

    def add(self, event: Event) -> None:
        """Add an event; the oldest goes where there are too many."""

        def longer(text: str) -> str:
            lines = [*text.splitlines(keepends=True), event_line(event)]
            return "".join(lines[-MOST_EVENTS:])

        changed(self.shelf, self.key, longer)

    def newest(self, limit: int) -> Iterator[Event]:
        """Yield the latest events, the newest first; a spoilt line is none."""
        found = self.shelf.read(self.key)
        lines = found.text.splitlines() if found else []
        events = (event_from(line) for line in reversed(lines))
        for _, event in zip(range(limit), filter(None, events), strict=False):
            yield event
