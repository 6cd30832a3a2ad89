"""A circuit breaker: leaves an upstream alone that fails, and finds out when it works again."""

import logging
import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "half-open", "open"]

_log = logging.getLogger("llmops.serve")


class Breaker:
    """Opens after ``threshold`` failed requests in a row, for ``seconds``.

    Then it lets one request through to find out. That one must report, and if it never does
    (its client may leave, its task may be cancelled) another may try when ``seconds`` have passed
    again: no way of ending a request can leave the breaker open for ever.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.failures = 0
        #: Whether the upstream refused our credential the last time: it is up, but not for us.
        self.is_refusing_us = False
        self.threshold = threshold
        self.seconds = seconds
        self._clock = clock
        #: When the next request may try; 0 while closed.
        self._closed_until = 0.0
        self._is_trying = False

    @property
    def state(self) -> State:
        """Return what is the case now."""
        if not self._closed_until:
            return "closed"
        return "half-open" if self._is_trying or self.wait == 0 else "open"

    @property
    def wait(self) -> float:
        """Seconds until a request may try; 0 when one may."""
        return max(0.0, self._closed_until - self._clock()) if self._closed_until else 0.0

    def admits(self) -> bool:
        """Whether a request may go to the upstream; it then has to report how it went."""
        if not self._closed_until:
            return True
        if self.wait > 0:
            return False
        self._is_trying = True
        self._closed_until = self._clock() + self.seconds
        return True

    def succeeded(self) -> None:
        """Take the report of a request that was answered, with whatever that was no fault."""
        if self._closed_until:
            _log.warning("Circuit of %s is closed: it answers again", self.name)
        self.failures = 0
        self._closed_until = 0.0
        self._is_trying = False

    def failed(self) -> None:
        """Take the report of a request that failed by a fault of the upstream."""
        self.failures += 1
        is_open = bool(self._closed_until) and not self._is_trying
        if is_open or (self.failures < self.threshold and not self._is_trying):
            return
        _log.warning("Circuit of %s is open for %g s", self.name, self.seconds)
        self._is_trying = False
        self._closed_until = self._clock() + self.seconds

    def abandoned(self) -> None:
        """Take the report of a request that nobody waited for: nothing was found out."""
        if self._is_trying:
            self._is_trying = False
            self._closed_until = self._clock()
