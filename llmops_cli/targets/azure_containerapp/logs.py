"""The log of the live revision, of all its replicas at once."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from llmops_cli.errors import LlmopsError
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.streams import (
    Replica,
    lines_of,
    replicas_of,
    token_of,
)

#: Seconds between looks for replicas that have come since.
_LOOK_SECONDS = 5.0

#: Says which revision is live.
Live = Callable[[], str]


def last_lines(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines of every replica; each is named where there are several."""
    revision = live()
    found = replicas_of(place, revision) if revision else ()
    token = token_of(place) if found else None
    for replica in found:
        if replica.log_url and token is not None:
            prefix = _prefix(replica, is_alone=len(found) == 1)
            for line in lines_of(replica.log_url, token, lines, follow=False):
                yield f"{prefix}{line}"


def follow(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines, and then what comes, of the replicas of what is live then."""
    following = _Following(place, lines)
    while True:
        following.look(live())
        with contextlib.suppress(queue.Empty):
            while True:
                yield following.lines.get(timeout=_LOOK_SECONDS)


@dataclass
class _Following:
    """A thread for each replica, and what they read."""

    place: Place
    last: int
    lines: "queue.Queue[str]" = field(default_factory=queue.Queue)
    known: dict[str, threading.Thread] = field(default_factory=dict)

    def look(self, revision: str) -> None:
        """Follow the replicas that nobody follows yet."""
        found = replicas_of(self.place, revision) if revision else ()
        for replica in found:
            thread = self.known.get(replica.name)
            if replica.log_url and (thread is None or not thread.is_alive()):
                # One that is followed again has told its last lines before.
                lines = self.last if thread is None else 0
                self._start(replica, lines, is_alone=len(found) == 1)

    def _start(self, replica: Replica, lines: int, *, is_alone: bool) -> None:
        prefix = _prefix(replica, is_alone=is_alone)

        def read() -> None:
            with contextlib.suppress(LlmopsError):
                token = token_of(self.place)
                for line in lines_of(replica.log_url, token, lines, follow=True):
                    self.lines.put(f"{prefix}{line}")

        thread = threading.Thread(target=read, daemon=True)
        self.known[replica.name] = thread
        thread.start()


def _prefix(replica: Replica, *, is_alone: bool) -> str:
    return "" if is_alone else f"{replica.name[-5:]} | "
