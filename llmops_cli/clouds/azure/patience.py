"""How often Azure is asked again: after a failure, and while an operation takes its time."""

import time
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.pauses import FIRST_SECONDS, LONGEST_SECONDS

if TYPE_CHECKING:
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.polling import PollingMethod

#: Requests that do something else the second time, by the end of their path.
NEVER_TWICE = ("/slotsswap", "/schedulerun")
#: The pauses between them add up to 12 seconds.
RETRIES = 5
#: Fewer where nobody answers at all: a name that is wrong stays wrong.
CONNECTS = 3
_THROTTLED = 429


def polling(seconds: float) -> "PollingMethod[Any]":
    """Return how to wait for one long-running operation of Azure, at most ``seconds`` from now on.

    The clients' own way asks every 30 seconds, also where Azure says ``Retry-After: 0``, and does
    so for ever. This one looks as `pauses` does, and comes back when Azure says, where it does.

    The waiting raises azure's ServiceResponseTimeoutError after ``seconds``.
    """
    from azure.core.exceptions import ServiceResponseTimeoutError
    from azure.core.pipeline.policies import RetryPolicy
    from azure.mgmt.core.polling.arm_polling import ARMPolling

    class Adaptive(ARMPolling):
        """The clients' polling, but for how long it waits until it looks again."""

        def __init__(self) -> None:
            super().__init__()
            self._until = time.monotonic() + seconds
            self._next = FIRST_SECONDS

        def _delay(self) -> None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise ServiceResponseTimeoutError(f"it takes longer than {seconds:g} s")
            asked = RetryPolicy().get_retry_after(self._pipeline_response)
            self._sleep(min(asked or self._next, left))
            self._next = min(self._next * 1.5, LONGEST_SECONDS)

    return Adaptive()


def retries() -> dict[str, Any]:
    """Return what every client is made with. ``Retry-After`` says when to come back, and is
    believed.
    """
    return {"retry_policy": _careful()}


def _careful() -> "RetryPolicy[Any, Any]":
    """Return what asks again after a failure, unless that might do something twice.

    The clients' own way does not repeat changes that were throttled, which were not done, where
    Azure does not say for how long; and it repeats a swap of slots that was perhaps done.
    """
    from azure.core.pipeline.policies import RetryPolicy

    class Careful(RetryPolicy[Any, Any]):
        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            status = response.http_response.status_code
            if status == _THROTTLED:
                return bool(settings["total"])
            path = response.http_request.url.partition("?")[0].lower()
            if path.endswith(NEVER_TWICE):
                return False
            return super().is_retry(settings, response)

    return Careful(
        retry_total=RETRIES,
        retry_connect=CONNECTS,
        retry_read=RETRIES,
        retry_status=RETRIES,
        retry_backoff_factor=0.4,
        retry_backoff_max=30,
    )
