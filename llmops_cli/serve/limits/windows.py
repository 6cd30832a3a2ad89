"""Counts what each of many callers did in its current minute, in bounded memory."""

import time
from dataclasses import dataclass

#: The length of a window, in seconds.
WINDOW = 60.0
#: Callers that are remembered at most; each takes some 250 bytes.
MOST_CALLERS = 100_000


@dataclass(slots=True)
class Window:
    """A caller's minute: when it ends, on the monotonic clock, and what has been counted in it."""

    ends_at: float
    count: int = 0

    @property
    def seconds_left(self) -> float:
        """How long it lasts yet."""
        return max(0.0, self.ends_at - time.monotonic())


class Windows:
    """One window for each caller. It begins with the first thing that is counted.

    A window allows exactly the limit within its minute. A token bucket refills while the minute
    runs, so that the 61st request of a slow minute passes a limit of 60, and no header can tell a
    client plainly how many are left until when.

    All windows have one length, so the dictionary is in the order of their ends: what is over, and
    what has to go when there are too many callers, is always in front.
    """

    def __init__(self, most: int = MOST_CALLERS) -> None:
        self._windows: dict[object, Window] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._windows)

    def of(self, caller: object) -> Window:
        """Return the caller's current window, a new one if need be."""
        now = time.monotonic()
        window = self._windows.get(caller)
        if window is not None and window.ends_at > now:
            return window
        if window is not None:
            del self._windows[caller]
        self._make_room(now)
        window = self._windows[caller] = Window(now + WINDOW)
        return window

    def count_of(self, caller: object) -> int:
        """Return what has been counted, without beginning a window."""
        window = self._windows.get(caller)
        return window.count if window is not None and window.seconds_left else 0

    def _make_room(self, now: float) -> None:
        # Two for one, so that the table shrinks again after a busy minute.
        for _ in range(2):
            first = next(iter(self._windows), None)
            if first is None:
                return
            if self._windows[first].ends_at > now and len(self._windows) < self._most:
                return
            del self._windows[first]
