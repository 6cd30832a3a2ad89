"""Changes an app: what is read right before decides what is sent, and a busy app is waited for."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.azure.patience import polling
from llmops_cli.clouds.azure.trouble import said, told
from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.targets.azure_containerapp.app import App, app_from
from llmops_cli.targets.azure_containerapp.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.exceptions import HttpResponseError

#: What Azure says while another operation on the app is under way.
_BUSY_CODES = frozenset(
    {
        "ContainerAppOperationInProgress",
        "OperationInProgress",
        "ConflictingConcurrentWriteNotAllowed",
    }
)

#: Says what to send to an app that is as it is read; None for nothing. Raises where the app is not
#: as expected.
Body = Callable[[App], Mapping[str, Any] | None]


class BusyError(LlmopsError):
    """Azure cannot take the change right now; nothing was changed."""

    code = "busy"
    exit_status = 8


def change(place: Place, doing: str, body: Body) -> App | None:
    """Read the app, send what ``body`` says, wait until Azure is done, and return the app then.

    Where another operation is under way, or Azure is asked too often, the app is read and judged
    again before the next attempt.

    Raises:
        DeployError: Azure refuses, fails, or takes longer than an operation may.
        AccessError: we may not.
    """

    changed: list[App] = []

    def attempt() -> None:
        app = present(place)
        document = body(app)
        if document is not None:
            changed.append(send(place, doing, with_location(app, document)))

    patiently(place, doing, attempt)
    return changed[-1] if changed else None


def patiently(place: Place, doing: str, attempt: Callable[[], None]) -> None:
    """Try again for as long as Azure says that it is busy."""
    seconds = place.configured.operation_seconds
    last = ""
    for _passed in pauses(seconds):
        try:
            attempt()
            return
        except BusyError as error:
            last = error.evidence
    raise DeployError(f"Azure was busy for {seconds:g} s and did not {doing}.", evidence=last)


def let_finish(place: Place) -> App:
    """Wait until no operation is under way, ours included of which no word came, and return the
    app as it is then.

    Raises:
        DeployError: it takes longer than an operation may.
    """
    seconds = place.configured.operation_seconds
    for _passed in pauses(seconds):
        app = present(place)
        if not app.is_changing:
            return app
    raise DeployError(f"Azure is busy with the app since {seconds:g} s; nobody knows the outcome.")


def present(place: Place) -> App:
    """Return the app as it is now.

    Raises:
        DeployError: it is gone.
    """
    app = place.read_app()
    if app is None:
        raise DeployError(
            f"There is no container app {place.app} in {place.group}.",
            next_step="llmops status, then llmops deploy",
        )
    return app


def send(place: Place, doing: str, document: Mapping[str, Any], **options: Any) -> App:
    """Send a change once, wait until Azure is done with it, and return the app as it is then.

    Raises:
        BusyError: another operation is under way, or Azure is asked too often.
    """
    # The client takes documents as they are; its annotations know models only.
    envelope: Any = dict(document)
    with told(doing), _busy():
        answer = place.client.container_apps.begin_update(
            place.group,
            place.app,
            envelope,
            polling=polling(place.configured.operation_seconds),
            **options,
        ).result()
        return app_from(answer.as_dict())


def ask(place: Place, doing: str, question: Callable[[], object]) -> None:
    """Ask for something that takes no body, again for as long as Azure is busy."""

    def attempt() -> None:
        with told(doing), _busy():
            question()

    patiently(place, doing, attempt)


def with_location(app: App, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the app's location, which Azure wants in every one."""
    return {"location": app.location, **document}


@contextmanager
def _busy() -> "Iterator[None]":
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        if not _is_busy(error):
            raise
        raise BusyError("Azure is busy.", evidence=said(error)) from error


def _is_busy(error: "HttpResponseError") -> bool:
    code = getattr(error.error, "code", "") or ""
    return error.status_code == 429 or (error.status_code == 409 and code in _BUSY_CODES)
