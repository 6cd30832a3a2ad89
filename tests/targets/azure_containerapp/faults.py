"""What can go wrong with a deploy to Container Apps, where, and how the command is to end then."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.call import Reply, refusal
from tests.targets.azure_containerapp.stage import Stage

#: The changes that a deploy makes, in their order.
LOCK, STAGE, PROMOTE, SETTLE, RECORD = 1, 2, 3, 4, 5
UPDATE = "container_apps_update"
_DENIED = refusal(403, "AuthorizationFailed", "The client does not have authorization.")
_BUSY = refusal(409, "ContainerAppOperationInProgress", "Another operation is in progress.")
_BROKEN = refusal(500, "InternalServerError", "Something is wrong.")


@dataclass(frozen=True)
class Fault:
    """What a test arranges, and what comes of it: the exit status, and a part of the report.

    With status 0 the new release serves; else the old one does, unless ``serving`` says which.
    """

    name: str
    arrange: Callable[[Stage], object]
    status: int
    says: str = ""
    serving: str = ""


def new_image(stage: Stage) -> str:
    """The digest of the image that is to be deployed."""
    return stage.project.images[stage.commits[-1]].partition("@")[2]


def _image(manner: str, **lines: object) -> Callable[[Stage], object]:
    def arrange(stage: Stage) -> None:
        if lines:
            stage.configure(**lines)
        stage.cloud.containers.script(new_image(stage), manner)  # type: ignore[arg-type]

    return arrange


def _environment(**variables: str) -> Callable[[Stage], object]:
    return lambda stage: stage.cloud.containers.script(
        new_image(stage), environment=variables, log="A line of its log.\n"
    )


def _manner(manner: str, **lines: object) -> Callable[[Stage], object]:
    def arrange(stage: Stage) -> None:
        if lines:
            stage.configure(**lines)
        stage.app.manners[f"r{stage.commits[-1]}"] = manner

    return arrange


def _bad(number: int, badness: str, **lines: object) -> Callable[[Stage], object]:
    def arrange(stage: Stage) -> None:
        if lines:
            stage.configure(**lines)
        stage.app.bad[number] = badness  # type: ignore[assignment]

    return arrange


def _answers(
    operation: str, reply: Reply, times: int | None = 1, after: int = 0
) -> Callable[[Stage], object]:
    return lambda stage: stage.cloud.faults.on(operation, reply, times=times, after=after)


def _does(
    operation: str, do: Callable[[Stage], object], after: int = 0
) -> Callable[[Stage], object]:
    def arrange(stage: Stage) -> None:
        def act(call: object) -> None:
            do(stage)

        stage.cloud.faults.on(operation, act, times=1, after=after)

    return arrange


def _lost(number: int) -> Callable[[Stage], object]:
    return lambda stage: stage.cloud.faults.lose(UPDATE, after=number - 1)


def _both(*arranging: Callable[[Stage], object]) -> Callable[[Stage], object]:
    def arrange(stage: Stage) -> None:
        for one in arranging:
            one(stage)

    return arrange


def _take_name(stage: Stage) -> None:
    """Let a revision that nobody sees have the name that comes next."""
    old = stage.app.revision_of(stage.commits[0])
    name = f"demo--r{stage.commits[-1]}-3"
    stage.app.revisions[name] = type(old)(name, old.template, old.created, host=old.host)
    stage.app.hidden.add(name)


def _steal_lock(stage: Stage) -> None:
    assert stage.app.document is not None
    mine = stage.app.document["tags"]["llmops-lock"]
    stage.app.document["tags"]["llmops-lock"] = mine.replace('["', '["ff', 1)


def _drop_lock(stage: Stage) -> None:
    assert stage.app.document is not None
    del stage.app.document["tags"]["llmops-lock"]


def _first_by_hand(stage: Stage) -> None:
    stage.app.give_all_to(stage.commits[0])


def _add_by_hand(stage: Stage) -> None:
    assert stage.app.document is not None
    stage.app.document["tags"]["of-others"] = "new"
    stage.app.configuration["secrets"].append({"name": "theirs", "value": "theirs-value"})


def _no_rights_in_vault(stage: Stage) -> None:
    stage.vault.app_may_read = False


FAULTS = (
    # The image and the container
    Fault("image cannot be pulled", _image("is not there"), 8, "failed to pull image"),
    Fault("container crashes", _image("crashes"), 8, "running degraded"),
    Fault("container never listens", _image("hangs", ready_seconds=2), 8, "Not ready after 2 s"),
    Fault("ready for Azure, answers nobody", _manner("silent", ready_seconds=2), 8, "504"),
    Fault("Azure tells no state", _manner("unsettled"), 0),
    Fault("another release answers", _environment(LLMOPS_RELEASE="other"), 8, "other answers"),
    Fault(
        "its key is wrong",
        _environment(LLMOPS_API_KEY="another-key-0123456789"),
        8,
        "does not pass its checks",
    ),
    Fault("reference to a secret unresolved", _no_rights_in_vault, 8, "cannot be read"),
    Fault("its name is taken silently", _take_name, 8, "Azure has not made a revision"),
    # Operations that fail, or never end
    Fault("taking the lock fails", _bad(LOCK, "fails"), 8, "It failed."),
    Fault("making the revision fails", _bad(STAGE, "fails"), 8, "It failed."),
    Fault("moving the traffic fails", _bad(PROMOTE, "fails"), 8, "It failed."),
    Fault("recording it fails", _bad(SETTLE, "fails"), 8, "It failed."),
    Fault("recording the event fails", _bad(RECORD, "fails"), 0),
    Fault("the lock never ends", _bad(LOCK, "endless", operation_seconds=2), 8, "longer than 2 s"),
    Fault("the revision never ends", _bad(STAGE, "endless", operation_seconds=2), 8, "longer"),
    Fault("the traffic never ends", _bad(PROMOTE, "endless", operation_seconds=2), 9, "busy"),
    Fault("the traffic is put back", _bad(PROMOTE, "reverted"), 8, "has not moved the traffic"),
    Fault("the first requests get 504", lambda stage: setattr(stage.app, "lag", 2), 0),
    # Busy, throttled, broken
    *(
        Fault(f"busy at change {number}", _answers(UPDATE, _BUSY, 2, number - 1), 0)
        for number in (LOCK, STAGE, PROMOTE, SETTLE, RECORD)
    ),
    Fault(
        "busy for ever",
        _both(
            lambda stage: stage.configure(operation_seconds=2),
            _answers(UPDATE, _BUSY, None),
        ),
        8,
        "Azure was busy for 2 s",
    ),
    Fault(
        "throttled for a second",
        _answers(UPDATE, refusal(429, "TooManyRequests", "Slow.", {"Retry-After": "1"}), 1, 1),
        0,
    ),
    Fault(
        "throttled for no time that is told",
        _answers(UPDATE, refusal(429, "TooManyRequests", "Slow."), 2, 2),
        0,
    ),
    Fault(
        "reading is throttled",
        _answers("container_apps_get", refusal(429, "TooManyRequests", "Slow."), 1, 4),
        0,
    ),
    Fault("making the revision breaks twice", _answers(UPDATE, _BROKEN, 2, 1), 0),
    Fault("moving the traffic breaks twice", _answers(UPDATE, _BROKEN, 2, 2), 0),
    Fault("making the revision stays broken", _answers(UPDATE, _BROKEN, 6, 1), 8, "InternalServer"),
    # Answers that are lost
    Fault("the word of the lock is lost", _lost(LOCK), 8),
    Fault("the word of the revision is lost", _lost(STAGE), 8),
    Fault("the word of the traffic is lost", _lost(PROMOTE), 8),
    Fault("the word of the record is lost", _lost(SETTLE), 0),
    # Tokens
    *(
        Fault(
            f"token expires at change {number}",
            _does(UPDATE, lambda stage: stage.cloud.faults.expire_tokens(), number - 1),
            0,
        )
        for number in (LOCK, STAGE, PROMOTE, SETTLE)
    ),
    # Permissions
    *(
        Fault(f"no right: {name}", _answers(operation, _DENIED, None, after), 5, "does not let you")
        for name, operation, after in (
            ("read the app", "container_apps_get", 0),
            ("list revisions", "container_apps_revisions_list_revisions", 0),
            ("read a revision", "container_apps_revisions_get_revision", 0),
            ("write, from the lock on", UPDATE, 0),
        )
    ),
    *(
        Fault(f"no right: change {number}", _answers(UPDATE, _DENIED, 1, number - 1), status)
        for number, status in ((STAGE, 5), (PROMOTE, 5), (SETTLE, 5), (RECORD, 0))
    ),
    Fault(
        "no right: read the secrets of others",
        _both(
            _add_by_hand,
            lambda stage: stage.vault.put("llmops-api-key", "another-key-0123456789abcdef"),
            _answers("container_apps_list_secrets", _DENIED, None),
        ),
        5,
        "secrets",
    ),
    Fault(
        "no right: stop a revision, list replicas, read logs",
        _both(
            _image("crashes"),
            _answers("container_apps_revisions_deactivate_revision", _DENIED, None),
            _answers("container_apps_revision_replicas_list_replicas", _DENIED, None),
            _answers("container_apps_get_auth_token", _DENIED, None),
        ),
        8,
        "running degraded",
    ),
    # Other people
    Fault(
        "traffic moved by hand before the revision is made",
        _does("container_apps_revisions_list_revisions", _first_by_hand, 1),
        8,
        "Somebody else has moved the traffic",
        serving="first",
    ),
    Fault(
        "traffic moved by hand while the revision comes up",
        _does("container_apps_revisions_get_revision", _first_by_hand),
        9,
        "Somebody else has moved the traffic",
        serving="first",
    ),
    Fault(
        "tags and secrets added by hand",
        _does("container_apps_revisions_get_revision", _add_by_hand),
        0,
    ),
    Fault(
        "the lock is taken by force",
        _does("container_apps_revisions_get_revision", _steal_lock),
        8,
        "Another deploy holds the lock",
    ),
    Fault(
        "the lock is removed by hand",
        _does("container_apps_revisions_get_revision", _drop_lock),
        8,
        "The lock was lost",
    ),
)
