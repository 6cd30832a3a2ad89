"""Changes a service: what is read right before decides what is sent, guarded by its ETag."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.gcp.operations import Watched, wait
from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.clouds.gcp.trouble import said
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.service import Service, Share, service_from
from llmops_cli.targets.gcp_run.traffic import messages_of

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

#: Who made a change, as Google shows it to people.
CLIENT = "llmops"


@dataclass(frozen=True)
class Change:
    """What a service is to have from now on; None is left as it is.

    ``is_enabled`` is False for a service that takes no requests at all.
    """

    traffic: tuple[Share, ...] | None = None
    template: Any = None
    is_enabled: bool | None = None
    is_public: bool | None = None


#: Says what a service that is as it is read is to have; None for nothing more. Raises where the
#: service is not as expected.
Wanted = Callable[[Service], Change | None]


def change(place: Place, doing: str, wanted: Wanted) -> str | None:
    """Read the service, send what is wanted, and return the name of Google's operation.

    Does not wait for it. None where nothing had to be sent. Where somebody else has just changed
    the service, it is read and judged again.

    Raises:
        DeployError: Google refuses, or the service is changed all the time.
        AccessError: we may not.
    """
    from google.api_core.exceptions import Aborted

    seconds, last = place.configured.operation_seconds, ""
    for _passed in pauses(seconds):
        service = present(place)
        asked = wanted(service)
        if asked is None:
            return None
        with place.account.told(doing):
            try:
                return send(place, service, asked)
            except Aborted as error:
                last = said(error)
    raise DeployError(f"Google was busy for {seconds:g} s and did not {doing}.", evidence=last)


def finished(place: Place, doing: str, operation: str | None, tell: Tell) -> Service:
    """Wait until an operation is at its end, and return the service as it is then.

    Raises:
        DeployError: it has failed, or takes longer than an operation may.
    """
    if operation is not None:
        wait(Watched(place.account, "services", operation, doing, _progress), tell)
    return let_finish(place)


def let_finish(place: Place) -> Service:
    """Wait until Google is not changing the service any more, whoever asked for it, and return it.

    Raises:
        DeployError: it takes longer than an operation may.
    """
    seconds = place.configured.operation_seconds
    for _passed in pauses(seconds):
        service = present(place)
        if not service.is_changing:
            return service
    raise DeployError(
        f"Google is busy with the service since {seconds:g} s; nobody knows the outcome."
    )


def present(place: Place) -> Service:
    """Return the service as it is now.

    Raises:
        DeployError: it is gone.
    """
    service = place.read_service()
    if service is None:
        raise DeployError(
            f"There is no service {place.service} in {place.parent}.",
            next_step="llmops status, then llmops deploy",
        )
    return service


def send(place: Place, service: Service, asked: Change) -> str:
    """Send a change once, and return the name of Google's operation. Errors are Google's."""
    from google.cloud.run_v2 import types as run
    from google.protobuf.field_mask_pb2 import FieldMask

    message = run.Service(name=place.name, etag=service.etag, client=CLIENT)
    paths = ["client"]
    if asked.traffic is not None:
        message.traffic = messages_of(asked.traffic)
        paths.append("traffic")
    if asked.template is not None:
        message.template = asked.template
        paths.append("template")
    if asked.is_enabled is not None:
        message.scaling = _scaling(service, is_enabled=asked.is_enabled)
        paths.append("scaling")
    if asked.is_public is not None:
        message.invoker_iam_disabled = asked.is_public
        paths.append("invoker_iam_disabled")
    request = run.UpdateServiceRequest(service=message, update_mask=FieldMask(paths=paths))
    made = place.account.client("services").update_service(request, **changing())
    return str(made.operation.name)


def ask(place: Place, doing: str, question: Callable[[], Any]) -> None:
    """Ask for an operation, and wait for its end. What is gone already is as good as done."""
    from google.api_core.exceptions import NotFound

    with place.account.told(doing):
        try:
            name = question().operation.name
        except NotFound:
            return
    wait(Watched(place.account, "services", str(name), doing))


def is_held_back(error: LlmopsError) -> bool:
    """Whether Google does not do a thing because something else has to happen first."""
    from google.api_core.exceptions import FailedPrecondition, InvalidArgument

    cause: GoogleAPICallError | BaseException | None = error.__cause__
    return isinstance(cause, FailedPrecondition | InvalidArgument)


def _scaling(service: Service, *, is_enabled: bool) -> Any:
    from google.cloud.run_v2.types import ServiceScaling

    mode = ServiceScaling.ScalingMode
    before = service.message.scaling
    kept = {
        "min_instance_count": before.min_instance_count,
        "max_instance_count": before.max_instance_count,
    }
    if is_enabled:
        return ServiceScaling(**kept, scaling_mode=mode.AUTOMATIC)
    return ServiceScaling(**kept, scaling_mode=mode.MANUAL, manual_instance_count=0)


def _progress(operation: Any) -> str:
    from google.cloud.run_v2.types import Service as Message

    if not operation.metadata.value:
        return ""
    condition = service_from(Message.deserialize(operation.metadata.value)).condition
    return str(condition) if condition.state else ""
