"""Looks at what takes its time: often at first, then ever more seldom."""

import time
from collections.abc import Iterator

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 10.0


def pauses(
    seconds: float, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS
) -> Iterator[float]:
    """Sleep between looks: shortly at first, then ever longer, until ``seconds`` are over.

    Yields the seconds that have passed, at once and after each pause; a fast change is seen within
    a second, and a slow one is not asked about all the time. The last look is at the end.
    """
    started = time.monotonic()
    pause = first
    while True:
        passed = time.monotonic() - started
        yield passed
        left = seconds - (time.monotonic() - started)
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, longest)
