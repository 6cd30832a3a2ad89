"""Operations of Google that take minutes: waited for by name, so that anybody can go on waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.gcp.patience import reading
from llmops_cli.clouds.gcp.trouble import without_secrets
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError

if TYPE_CHECKING:
    from llmops_cli.clouds.gcp.account import Account

#: Seconds between two lines that only say that it goes on.
_SIGN_OF_LIFE = 30.0
#: Seconds without any answer to the question how it goes, which is then a failure.
_SILENCE = 120.0


@dataclass(frozen=True)
class Watched:
    """An operation: its name, the client that knows it, and what it does, as in "deploy x".

    ``progress`` makes a line of what Google answers about it (google.longrunning.Operation);
    nothing where there is nothing to say.
    """

    account: "Account"
    client: str
    name: str
    doing: str
    progress: Callable[[Any], str] = lambda operation: ""


class TakesTooLongError(DeployError):
    """An operation goes on for longer than it may; nobody knows how it will end."""


def wait(watched: Watched, tell: Tell = lambda line: None, seconds: float | None = None) -> Any:
    """Wait until an operation has ended well, and return what Google answers about it then.

    ``seconds`` is the longest to wait; by default it is what the project file allows. A question
    that gets no answer is asked again: the operation goes on without us.

    Raises:
        TakesTooLongError: it is not at its end by then.
        AccessError, LlmopsError: as by `Account.told`, also where the operation itself has failed.
    """
    limit = watched.account.settings.operation_seconds if seconds is None else seconds
    last, told_at, answered_at = "", 0.0, 0.0
    with watched.account.told(watched.doing):
        for passed in pauses(limit):
            operation = _asked(watched, is_patient=passed - answered_at < _SILENCE)
            if operation is None:
                continue
            answered_at = passed
            if operation.done:
                _require_success(operation)
                return operation
            line = without_secrets(watched.progress(operation))
            if (line and line != last) or passed - told_at >= _SIGN_OF_LIFE:
                tell(line or f"under way for {passed:.0f} s")
                last, told_at = line, passed
    raise TakesTooLongError(
        f"Google has taken longer than {limit:g} s to {watched.doing}.",
        evidence=f"{last + '; ' if last else ''}the operation is {watched.name}",
    )


def result(operation: Any, kind: Any) -> Any:
    """Return what an operation has made, as the message of that kind."""
    return kind.deserialize(operation.response.value)


def metadata(operation: Any, kind: Any) -> Any:
    """Return what an operation says of itself, as the message of that kind."""
    return kind.deserialize(operation.metadata.value)


def _asked(watched: Watched, *, is_patient: bool) -> Any:
    """Return how an operation is doing; None where nobody answers that, for now."""
    from google.api_core import exceptions as google

    passing = (google.ServerError, google.TooManyRequests, google.RetryError)
    try:
        return watched.account.client(watched.client).get_operation(
            {"name": watched.name}, **reading()
        )
    except passing as error:
        cause = error.cause if isinstance(error, google.RetryError) else error
        is_passing = isinstance(cause, (google.ServerError, google.TooManyRequests))
        if not (is_patient and is_passing):
            raise
        return None


def _require_success(operation: Any) -> None:
    from google.api_core import exceptions as google

    if operation.HasField("error"):
        failed = operation.error
        raise google.from_grpc_status(failed.code, failed.message, errors=())
