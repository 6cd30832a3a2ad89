"""How often, and after which pauses, something is tried again that may pass by itself."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Patience:
    """``attempts`` in all; pauses double from ``first_seconds``, up to ``longest_seconds``."""

    attempts: int = 4
    first_seconds: float = 0.5
    longest_seconds: float = 30

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        """Wait after the attempt of that number, from 1; return False if there is to be no other.

        ``asked`` is for how many seconds the server asked us to stay away; where that is longer
        than we have patience for, there is no other attempt.
        """
        if attempt >= self.attempts or (asked or 0) > self.longest_seconds:
            return False
        own = min(self.first_seconds * 2 ** (attempt - 1), self.longest_seconds)
        # Not in step with others that were turned away at the same moment.
        time.sleep(max(own * random.uniform(0.75, 1.25), asked or 0))  # noqa: S311
        return True


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, or None for what is no such."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
