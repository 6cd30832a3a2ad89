"""How often Google is asked again: after a failure, and while an operation takes its time."""

from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.pauses import FIRST_SECONDS, LONGEST_SECONDS

if TYPE_CHECKING:
    from google.api_core.retry import Retry

#: Seconds that one request may take, and all attempts together.
CALL_SECONDS, ATTEMPTS_SECONDS = 30.0, 20.0


def reading() -> dict[str, Any]:
    """Return how a request is sent that changes nothing: again after whatever may pass."""
    from google.api_core import exceptions as google

    return {
        "retry": _retry(
            google.TooManyRequests,
            google.ServiceUnavailable,
            google.InternalServerError,
            google.DeadlineExceeded,
        ),
        "timeout": CALL_SECONDS,
    }


def changing() -> dict[str, Any]:
    """Return how a request is sent that changes something: again only where it was not done.

    One that was not taken because there were too many was not done, and neither was one that nobody
    could be reached with; an internal error leaves open what was done.
    """
    from google.api_core import exceptions as google

    return {
        "retry": _retry(google.TooManyRequests, google.ServiceUnavailable),
        "timeout": CALL_SECONDS,
    }


def _retry(*kinds: type[Exception]) -> "Retry":
    from google.api_core import retry

    return retry.Retry(
        predicate=retry.if_exception_type(*kinds),
        initial=FIRST_SECONDS,
        maximum=LONGEST_SECONDS,
        multiplier=2.0,
        timeout=ATTEMPTS_SECONDS,
    )
