"""Long operations of Vertex AI: noted when they begin, told of while they last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmops_cli.clouds.gcp import operations
from llmops_cli.clouds.gcp.lean import message_class
from llmops_cli.clouds.gcp.operations import Watched
from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.targets.gcp_vertex import evidence
from llmops_cli.targets.gcp_vertex.place import Place

#: What Google says a deployment is at, in our words.
_STAGES = {
    "STARTING_DEPLOYMENT": "the deployment begins",
    "PREPARING_MODEL": "Google prepares the image",
    "CREATING_SERVING_CLUSTER": "machines are made",
    "ADDING_NODES_TO_CLUSTER": "machines are added",
    "GETTING_CONTAINER_IMAGE": "the image is pulled",
    "STARTING_MODEL_SERVER": "the container starts",
    "FINISHING_UP": "the deployment ends",
    "DEPLOYMENT_TERMINATED": "the deployment was ended",
    "SUCCESSFULLY_DEPLOYED": "deployed",
    "FAILED_TO_DEPLOY": "the deployment has failed",
}


@dataclass(frozen=True)
class Begun:
    """An operation under way: which client knows it, its name, and what it does."""

    client: str
    name: str
    doing: str


def begin(place: Place, client: str, doing: str, call: Callable[..., Any]) -> Begun:
    """Begin an operation, and return what it is known by."""
    with place.account.told(doing):
        return Begun(client, call(**changing()).operation.name, doing)


def finish(place: Place, begun: Begun, tell: Tell, seconds: float | None = None) -> Any:
    """Wait until an operation has ended well, and return Google's answer.

    Raises:
        DeployError: it has failed, or takes longer than it may.
    """
    watched = Watched(place.account, begun.client, begun.name, begun.doing, _stage)
    return operations.wait(watched, tell, seconds)


def finish_deploying(place: Place, begun: Begun, release: str, tell: Tell) -> str:
    """Wait until a version is deployed, and return what it is deployed as.

    Raises:
        DeployError: it has failed; the evidence is what Google and the container say.
    """
    kind = message_class("endpoint_service", "DeployModelResponse")
    try:
        done = finish(place, begun, tell)
    except LlmopsError as error:
        if type(error) is not DeployError:
            raise
        raise _sick(place, release, error) from error
    return str(operations.result(done, kind).deployed_model.id)


def finish_uploading(place: Place, begun: Begun, tell: Tell) -> str:
    """Wait until a version of the model is made, and return its id."""
    kind = message_class("model_service", "UploadModelResponse")
    done = finish(place, begun, tell)
    return str(operations.result(done, kind).model_version_id)


def cancel(place: Place, begun: Begun) -> None:
    """Ask Google to end an operation; it may end well all the same."""
    with place.account.told("end the operation"):
        place.account.client(begun.client).cancel_operation({"name": begun.name}, **changing())


def _stage(operation: Any) -> str:
    """Say what a deployment is at; nothing of other operations."""
    kind = message_class("endpoint_service", "DeployModelOperationMetadata")
    if not operation.metadata.type_url.endswith(kind.meta.full_name):
        return ""
    stage = operations.metadata(operation, kind).deployment_stage
    return _STAGES.get(getattr(stage, "name", ""), "")


def _sick(place: Place, release: str, error: DeployError) -> DeployError:
    advice = "Mend it, commit, and: llmops deploy"
    if "RESOURCE_EXHAUSTED" in error.evidence or "quota" in error.evidence.lower():
        machine = place.configured.accelerator_type or place.configured.machine_type
        advice = (
            f"Ask for a quota of Vertex AI's online prediction for {machine} in "
            f"{place.account.location} (console: IAM & Admin > Quotas), or set another "
            "`machine_type` or `min_replicas`; until then undeploy what is warm: warm_seconds = 0."
        )
    return DeployError(
        f"{release} does not come up.",
        evidence="\n".join([error.message, error.evidence, *evidence.of(place)]),
        next_step=advice,
    )
