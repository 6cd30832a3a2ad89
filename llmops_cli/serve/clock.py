"""The time of day as every part of the served API writes it."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def timestamp() -> str:
    """Return now in UTC, as ISO 8601 to the millisecond with a Z at the end."""
    nanoseconds = time.time_ns()
    second, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(second)}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    # Many lines are written in one second.
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
