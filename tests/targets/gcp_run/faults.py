"""What can go wrong with a deploy to Cloud Run, where, and how the command is to end then."""

import re

from tests.fakes.gcp.answers import (
    aborted,
    denied,
    refused,
    storage_error,
    throttled,
    unavailable,
)
from tests.fakes.gcp.operations import Failure
from tests.fakes.gcp.run_service import REVISION, Share
from tests.targets.gcp_mishaps import (
    Arrange,
    Fault,
    answers,
    does,
    environment,
    image,
    lost,
)
from tests.targets.gcp_run.stage import Stage

GET, UPDATE = "Services.GetService", "Services.UpdateService"
REVISION_GET, OPERATION = "Revisions.GetRevision", "Operations.GetOperation"
INSERT = "storage.objects.insert"
#: The changes of the service that a deploy makes, in their order.
STAGE, PROMOTE, SETTLE = 1, 2, 3
_BROKEN = refused("INTERNAL", "Something is wrong.")


def _next(number: int, code: str, said: str, steps: int | None = 2) -> Arrange:
    def arrange(stage: Stage) -> None:
        for _ in range(number - 1):
            stage.run.next("UpdateService")
        stage.run.next("UpdateService", Failure(code, said), steps=steps)

    return arrange


def _by_hand(stage: Stage) -> None:
    """Give the first release the traffic, as somebody with the console does."""
    service = stage.run.service
    assert service is not None
    (first,) = [one for one in service.revisions.values() if one.release == stage.commits[0]]
    service.wanted["traffic"] = [{"type": REVISION, "revision": first.last, "percent": 100}]
    service.shares = [Share(first.last, 100, "", REVISION, "")]
    service.touched()


def _label(stage: Stage) -> None:
    """Change something else of the service, as somebody with the console does."""
    service = stage.run.service
    assert service is not None
    service.wanted.setdefault("labels", {})["theirs"] = "yes"
    service.touched()


def _key(state: str) -> Arrange:
    def arrange(stage: Stage) -> None:
        (kept,) = [one for name, one in stage.cloud.secrets.kept.items() if "API" in name.upper()]
        if state:
            kept.versions[-1].state = state
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


FAULTS: tuple[Fault[Stage], ...] = (
    # The image and the container
    Fault("image not found", image("is not there"), 8, "not found"),
    Fault("container exits", image("crashes"), 8, "failed to start and listen"),
    Fault("health check never passes", image("hangs"), 8, "failed to start and listen"),
    Fault("its log is told", image("crashes"), 8, "A line of its log"),
    Fault("another release answers", environment(LLMOPS_RELEASE="other"), 8),
    Fault("its key is wrong", environment(LLMOPS_API_KEY="another-key-0123456789"), 8),
    Fault(
        "releases may not read secrets",
        lambda stage: setattr(stage.cloud.secrets, "app_may_read", False),
        8,
        "Permission denied on secret",
    ),
    Fault("the key's version is disabled", _key("DISABLED"), 4, "has no value"),
    Fault("the key's version is destroyed", _key("DESTROYED"), 4, "has no value"),
    Fault("the key's checksum is wrong", _key(""), 4, "checksum"),
    # Operations
    *(
        Fault(f"change {number} fails late", _next(number, "INTERNAL", "It failed."), 8)
        for number in (STAGE, PROMOTE)
    ),
    Fault("the traffic moves late", lambda stage: setattr(stage.run, "lag", 3), 0),
    # Throttled, unavailable, broken
    *(
        Fault(f"throttled: {operation}", answers(operation, throttled(), 2, after), 0)
        for operation, after in ((GET, 1), (UPDATE, 0), (UPDATE, 1), (REVISION_GET, 0))
    ),
    *(
        Fault(f"unavailable: {operation}", answers(operation, unavailable(), 1, after), 0)
        for operation, after in ((GET, 2), (UPDATE, 0), (UPDATE, 1), (OPERATION, 0))
    ),
    Fault("making the revision stays broken", answers(UPDATE, _BROKEN, None), 8, "Something is"),
    Fault("moving the traffic stays broken", answers(UPDATE, _BROKEN, 1, 1), 8, "Something is"),
    # Answers that are lost
    *(
        Fault(f"lost: change {number}", lost(UPDATE, number - 1), 0)
        for number in (STAGE, PROMOTE, SETTLE)
    ),
    *(
        Fault(f"lost: {operation}", lost(operation, after), 0)
        for operation, after in ((GET, 1), (REVISION_GET, 0), (OPERATION, 0))
    ),
    # Tokens
    Fault("tokens live for a second", lambda stage: setattr(stage.cloud.tokens, "seconds", 1), 0),
    # Permissions
    *(
        Fault(f"no right: {operation}", answers(operation, denied(right), None), 5, right)
        for operation, right in (
            (GET, "run.services.get"),
            (UPDATE, "run.services.update"),
            (REVISION_GET, "run.revisions.get"),
            ("SecretManagerService.AccessSecretVersion", "secretmanager.versions.access"),
        )
    ),
    Fault("no right: move the traffic", answers(UPDATE, denied("run.services.update"), 1, 1), 5),
    Fault(
        "no right: the bucket",
        answers(INSERT, storage_error(403, "forbidden", "No storage.objects.create."), None),
        5,
    ),
    # Other people
    *(
        Fault(
            f"etag conflict at change {number}",
            answers(UPDATE, aborted("Conflict for resource 'demo'."), 2, number - 1),
            0,
        )
        for number in (STAGE, PROMOTE, SETTLE)
    ),
    Fault("a label is set by hand meanwhile", does(REVISION_GET, _label), 0),
    Fault(
        "traffic moved by hand while the revision comes up",
        does(REVISION_GET, _by_hand),
        9,
        "Somebody else has moved the traffic",
        serving="first",
    ),
    Fault("the lock is taken by force", does(REVISION_GET, _lock("steal")), 8),
    Fault("the lock is removed by hand", does(REVISION_GET, _lock("remove")), 8),
)
