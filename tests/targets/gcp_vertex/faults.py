"""What can go wrong with a deploy to Vertex AI, where, and how the command is to end then."""

import re

from tests.fakes.azure.faults import Fault as Mishap
from tests.fakes.call import LOST, Call, Reply
from tests.fakes.gcp.answers import (
    aborted,
    denied,
    out_of_quota,
    refused,
    storage_error,
    throttled,
    unavailable,
)
from tests.fakes.gcp.operations import Failure
from tests.fakes.gcp.vertex_endpoints import NOT_READY
from tests.targets.gcp_mishaps import (
    Arrange,
    Fault,
    answers,
    does,
    environment,
    image,
    lost,
)
from tests.targets.gcp_vertex.stage import Stage

GET, UPDATE = "EndpointService.GetEndpoint", "EndpointService.UpdateEndpoint"
DEPLOY, UPLOAD = "EndpointService.DeployModel", "ModelService.UploadModel"
OPERATION, INSERT = "Operations.GetOperation", "storage.objects.insert"
PREDICT = "aiplatform.projects.locations.endpoints.rawPredict"
_DENIED = storage_error(403, "forbidden", "No storage.objects.create.")
_BROKEN = refused("INTERNAL", "Something is wrong.")


def _next(kind: str, code: str, said: str, steps: int | None = 2) -> Arrange:
    failure = Failure(code, said)
    return lambda stage: stage.cloud.vertex.next(kind, failure, steps=steps)


def _endless(kind: str) -> Arrange:
    def arrange(stage: Stage) -> None:
        stage.configure(operation_seconds=2)
        stage.cloud.vertex.next(kind, steps=None)

    return arrange


def _by_hand(stage: Stage) -> None:
    """Give the first release the traffic, as somebody with the console does."""
    endpoint = stage.cloud.vertex.endpoint
    first = [id for id, one in endpoint.deployed.items() if one.release == stage.commits[0]]
    endpoint.give({first[0]: 100})


def _quota(stage: Stage) -> None:
    stage.cloud.vertex.quota["n2-standard-2"] = len(stage.cloud.vertex.endpoint.deployed)


def _key(do: str) -> Arrange:
    def arrange(stage: Stage) -> None:
        (kept,) = [one for name, one in stage.cloud.secrets.kept.items() if "API" in name.upper()]
        if do == "disable":
            kept.versions[-1].state = "DISABLED"
        else:
            kept.versions[-1].checksum = 1

    return arrange


def _lock(do: str) -> Arrange:
    def arrange(stage: Stage) -> None:
        storage = stage.cloud.storage
        (key,) = [key for key in storage.objects if key[1].endswith("lock.json")]
        if do == "remove":
            del storage.objects[key]
        else:
            text = storage.objects[key].content.decode()
            storage.put(key[1], re.sub('("nonce": ?")', r"\1ff", text))

    return arrange


def _revoked(operation: str, after: int = 0) -> Arrange:
    """Let all tokens be refused from then on that were given until an operation is asked for."""
    return does(operation, lambda stage: stage.cloud.faults.expire_tokens(), after)


def _settled_but_unknown(stage: Stage) -> None:
    """Let the record be written, its answer be lost, and the second attempt be refused."""
    answered = iter([LOST])

    def afterwards(call: Call) -> Reply | None:
        return next(answered, _DENIED) if _is_record_of(stage.commits[-1], call) else None

    mishap = Mishap(INSERT, afterwards, None, 0, is_afterwards=True)
    stage.cloud.faults.arranged.append(mishap)


def _is_record_of(release: str, call: Call) -> bool:
    return f'"live": "{release}"'.encode() in call.content


FAULTS: tuple[Fault[Stage], ...] = (
    # The image and the container
    Fault("image not found", image("is not there"), 8, "not found"),
    Fault("container exits", image("crashes"), 8, "never became ready"),
    Fault("health check never passes", image("hangs"), 8, "never became ready"),
    Fault("its log is told", image("crashes"), 8, "A line of its log"),
    Fault("another release answers", environment(LLMOPS_RELEASE="other"), 8),
    Fault("its key is wrong", environment(LLMOPS_API_KEY="another-key-0123456789"), 8),
    # Operations that fail after minutes, or never end
    Fault("upload fails late", _next("UploadModel", "INTERNAL", "It failed."), 8, "It failed."),
    Fault("deploy fails late", _next("DeployModel", "INTERNAL", "It failed.", 6), 8, "It failed."),
    Fault(
        "deploy fails with the server's logs",
        _next("DeployModel", "FAILED_PRECONDITION", NOT_READY),
        8,
        "never became ready",
    ),
    Fault(
        "deploy runs out of machines",
        _next("DeployModel", "RESOURCE_EXHAUSTED", "Out of resources in this region."),
        8,
        "Out of resources",
    ),
    Fault("deploy is cancelled by hand", _next("DeployModel", "CANCELLED", "Cancelled."), 8),
    Fault("upload never ends", _endless("UploadModel"), 8, "2 s"),
    Fault("deploy never ends", _endless("DeployModel"), 8, "2 s"),
    # Quota, throttling
    Fault("quota of machines", _quota, 8, "quota"),
    Fault(
        "quota, told at once",
        answers(DEPLOY, out_of_quota("custom_model_serving_n2_cpus"), None),
        8,
        "custom_model_serving_n2_cpus",
    ),
    *(
        Fault(f"throttled: {operation}", answers(operation, throttled(), 2, after), 0)
        for operation, after in ((GET, 1), (UPDATE, 0), (OPERATION, 0), (UPLOAD, 0), (DEPLOY, 0))
    ),
    *(
        Fault(f"unavailable: {operation}", answers(operation, unavailable(), 1, after), 0)
        for operation, after in ((GET, 1), (UPDATE, 0), (UPDATE, 1), (OPERATION, 1))
    ),
    Fault("the traffic moves late", lambda stage: setattr(stage.cloud.vertex, "lag", 4), 0),
    Fault("moving the traffic stays broken", answers(UPDATE, _BROKEN, None), 8, "Something is"),
    # Answers that are lost
    *(
        Fault(f"lost: {operation} {after + 1}", lost(operation, after), status)
        for operation, after, status in (
            (UPDATE, 0, 0),
            (UPDATE, 1, 0),
            (OPERATION, 0, 0),
            (INSERT, 0, 8),
        )
    ),
    Fault("lost: the word of the record", _settled_but_unknown, 0),
    Fault("lost: the word of the upload", lost(UPLOAD), 8),
    Fault("lost: the word of the deployment", lost(DEPLOY), 8),
    # Tokens
    Fault("tokens live for a second", lambda stage: setattr(stage.cloud.tokens, "seconds", 1), 0),
    Fault("token revoked: before it is deployed", _revoked(DEPLOY), 0),
    Fault("token revoked: while it is deployed", _revoked(OPERATION), 0),
    Fault("token revoked: while it is checked", _revoked(PREDICT, 4), 0),
    Fault("token revoked: when it is recorded", _revoked(UPDATE, 1), 0),
    # The host of predictions
    Fault("nobody is there: predict", answers(PREDICT, unavailable(), 2, 1), 0),
    # Permissions
    *(
        Fault(
            f"no right: {operation}",
            answers(operation, denied(right), None),
            5,
            right,
        )
        for operation, right in (
            (GET, "aiplatform.endpoints.get"),
            (UPLOAD, "aiplatform.models.upload"),
            (DEPLOY, "aiplatform.endpoints.deploy"),
            (UPDATE, "aiplatform.endpoints.update"),
            ("SecretManagerService.AccessSecretVersion", "secretmanager.versions.access"),
        )
    ),
    Fault(
        "no right: the bucket",
        answers(INSERT, _DENIED, None),
        5,
    ),
    Fault("no right: predict", answers(PREDICT, denied("aiplatform.endpoints.predict"), None), 5),
    # Other people
    Fault("etag conflict at the canary", answers(UPDATE, aborted("The etag differs."), 2), 0),
    Fault("etag conflict at the promotion", answers(UPDATE, aborted("The etag differs."), 2, 1), 0),
    Fault(
        "traffic moved by hand while it is deployed",
        does(DEPLOY, _by_hand),
        9,
        "Somebody else has moved the traffic",
        serving="first",
    ),
    Fault(
        "traffic moved by hand when it begins",
        does(PREDICT, _by_hand),
        8,
        "Somebody else has moved the traffic",
        serving="first",
    ),
    Fault("the lock is taken by force", does(OPERATION, _lock("steal"), 1), 8),
    Fault("the lock is removed by hand", does(OPERATION, _lock("remove"), 1), 8),
    # Secrets
    Fault("the key's version is disabled", _key("disable"), 4, "has no value"),
    Fault("the key's checksum is wrong", _key("checksum"), 4, "checksum"),
    Fault(
        "releases may not read secrets",
        lambda stage: setattr(stage.cloud.secrets, "app_may_read", False),
        8,
        "never became ready",
    ),
)
