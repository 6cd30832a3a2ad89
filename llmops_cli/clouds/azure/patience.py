"""How often Azure is asked again: after a failure, and while an operation takes its time."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.polling import PollingMethod

#: For every client. Azure says with ``Retry-After`` when to come back, and is believed.
RETRIES: dict[str, Any] = {"retry_total": 5, "retry_backoff_factor": 0.4, "retry_backoff_max": 30}

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


def polling(seconds: float) -> "PollingMethod[Any]":
    """Return how to wait for one long-running operation of Azure, at most ``seconds``.

    The clients' own way asks every 30 seconds, also where Azure says ``Retry-After: 0``.

    The waiting raises azure's ServiceResponseTimeoutError after ``seconds``.
    """
    from azure.core.exceptions import ServiceResponseTimeoutError
    from azure.core.pipeline.policies._utils import get_retry_after
    from azure.mgmt.core.polling.arm_polling import ARMPolling

    class Adaptive(ARMPolling):
        _looks = pauses(seconds)

        def _delay(self) -> None:
            asked = get_retry_after(self._pipeline_response)
            if asked:
                self._sleep(min(asked, LONGEST_SECONDS * 3))
            if next(self._looks, None) is None:
                raise ServiceResponseTimeoutError(f"it takes longer than {seconds:g} s")

    return Adaptive()
