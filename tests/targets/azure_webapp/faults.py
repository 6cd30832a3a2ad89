"""What can go wrong while a release comes into service, each with how it must end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.azure.call import Call, Reply, refusal
from tests.targets.azure_webapp.stage import Stage

#: Arranges one thing that goes wrong.
Arrange = Callable[[Stage], object]
#: What a deploy asks for that changes something, in the slot.
CONFIGURE = "web_apps_update_configuration_slot"
SETTINGS = "web_apps_update_application_settings_slot"
REFERENCES = "web_apps_get_app_settings_key_vault_references_slot"
SWAP = "web_apps_swap_slot_with_production"
RECORD = "web_apps_create_deployment"
OLD, NEW = "old", "new"

FORBIDDEN = refusal(403, "AuthorizationFailed", "The client does not have authorization.")
BROKEN = refusal(500, "InternalServerError", "There was an error processing your request.")
BUSY = refusal(409, "Conflict", "Cannot modify this site because another operation is in progress.")
THROTTLED = refusal(429, "TooManyRequests", "The request is being throttled.")
LATER = refusal(429, "TooManyRequests", "The request is being throttled.", {"Retry-After": "1"})


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, the exit status, and which release serves afterwards.

    ``says`` stands in the error; with ``rests`` the slot holds afterwards what it held before.
    """

    name: str
    arrange: Arrange
    status: int
    serves: str = OLD
    says: str = ""
    rests: bool = True


def image(manner: Any, **options: Any) -> Arrange:
    """Let the image of the newest release behave so."""

    def arrange(stage: Stage) -> None:
        reference = stage.project.images[stage.commits[-1]]
        stage.cloud.containers.script(reference, manner, **options)

    return arrange


def answers(operation: str, reply: Reply, times: int | None = None, after: int = 0) -> Arrange:
    """Let an operation be answered so."""
    return lambda stage: stage.cloud.faults.on(operation, reply, times=times, after=after)


def meanwhile(operation: str, do: Callable[[Stage], object], after: int = 0) -> Arrange:
    """Let something happen when an operation is asked for, which then goes on as usual."""

    def arrange(stage: Stage) -> None:
        def act(call: Call) -> None:
            do(stage)

        stage.cloud.faults.on(operation, act, times=1, after=after)

    return arrange


def loses(operation: str, after: int = 0) -> Arrange:
    """Let an operation be done, and the word of it be lost."""
    return lambda stage: stage.cloud.faults.lose(operation, times=1, after=after)


def swap_is(manner: Any) -> Arrange:
    """Let swaps go so."""
    return lambda stage: setattr(stage.app, "manner", manner)


def reference_is(status: str) -> Arrange:
    """Let the references of the slot have this status, whatever the vault says."""

    def arrange(stage: Stage) -> None:
        stage.app.slot.forced["LLMOPS_API_KEY"] = status

    return arrange


def _production_reference_is(status: str) -> Arrange:
    """Let a reference of production fail from its next look at the vault on."""

    def arrange(stage: Stage) -> None:
        stage.app.production.forced["LLMOPS_API_KEY"] = status

    return arrange


def both(*arrangements: Arrange) -> Arrange:
    """Let several things go wrong."""

    def arrange(stage: Stage) -> None:
        for each in arrangements:
            each(stage)

    return arrange


def _edit(stage: Stage) -> None:
    stage.app.portal(stage.app.production, FEATURE="on")


def _edit_image(stage: Stage) -> None:
    stage.app.production.configuration["linuxFxVersion"] = stage.app.slot.image


def _edit_slot(stage: Stage) -> None:
    stage.app.slot.configuration["linuxFxVersion"] = stage.app.production.image


def _mend(stage: Stage) -> None:
    stage.app.slot.forced.clear()


def _expire(stage: Stage) -> None:
    stage.cloud.faults.expire_tokens()


def _finish(stage: Stage) -> None:
    stage.cloud.operations.settle()


def _take_lock(stage: Stage) -> None:
    entries = stage.app.production.kudu.entries
    entries["llmops-lock"] = {**entries["llmops-lock"], "message": '{"nonce": "another"}'}


PULLED_AND_RUN = [
    Fault("the image is not there", image("is not there"), 8, says="manifest unknown"),
    Fault("the container crashes", image("crashes"), 8, says="Traceback"),
    Fault("the container never answers", image("hangs"), 8, says="does not come up"),
    Fault(
        "the container answers with another release's name",
        image("good", environment={"LLMOPS_SYSTEM_PROMPT_FILE": "", "LLMOPS_RELEASE": "other"}),
        8,
        says="other answers",
    ),
    Fault(
        "the release refuses its own key",
        image(
            "good",
            environment={
                "LLMOPS_SYSTEM_PROMPT_FILE": "",
                "LLMOPS_API_KEY": "another-key-0123456789",
            },
        ),
        8,
        says="checks",
    ),
    Fault("the image is taken and not configured", answers(CONFIGURE, Reply(200, {}), 1), 8),
    Fault("the settings are taken and not configured", answers(SETTINGS, Reply(200, {}), 1), 8),
]
_STATUSES = {
    "Initialized": "Initialized",
    "InvalidSyntax": "key_vault",
    "MSINotEnabled": "identity",
    "VaultNotFound": "vault",
    "SecretNotFound": "secrets set",
    "SecretVersionNotFound": "secrets set",
    "AccessToKeyVaultDenied": "Key Vault Secrets User",
    "FetchTimedOut": "firewall",
    "UnauthorizedClient": "Key Vault Secrets User",
    "OtherReasons": "OtherReasons",
}
SECRETS = [
    Fault(f"the secret is {status}", reference_is(status), 8, says=status) for status in _STATUSES
] + [
    Fault(
        "a failure of the vault that was remembered",
        both(reference_is("FetchTimedOut"), meanwhile("web_apps_restart_slot", _mend)),
        0,
        NEW,
    )
]
EDITED = [
    Fault("a setting is edited", meanwhile(REFERENCES, _edit), 8, says="FEATURE"),
    Fault("the image is edited", meanwhile(REFERENCES, _edit_image), 8, says="the image"),
    Fault(
        "the slot is edited",
        meanwhile("web_apps_get_deployment", _edit_slot, after=2),
        8,
        says="changed the slot",
    ),
    Fault("the lock is lost", meanwhile(REFERENCES, _take_lock), 8, says="lock was lost"),
]
SWAPPED = [
    Fault("the swap fails its warm-up", swap_is("fails"), 8, says="did not respond"),
    Fault("the swap is done and taken back", swap_is("reverted"), 8, says="said that it was done"),
    Fault("the swap succeeds and was not done", swap_is("not done"), 8),
    Fault("the swap is done and the old one serves on", swap_is("no switch"), 8),
    Fault("what was swapped in ends at once", swap_is("dies"), 8),
    Fault("the swap never ends", swap_is("endless"), 9, says="still swapping", rests=False),
    Fault("the swap is done and never ends", swap_is("endless but done"), 0, NEW),
    Fault(
        "the word of the swap is lost",
        both(loses(SWAP), meanwhile("web_apps_get_configuration", _finish, after=3)),
        0,
        NEW,
    ),
    Fault(
        "nobody may ask how the swap goes",
        answers("operation_result", FORBIDDEN),
        9,
        says="still swapping",
        rests=False,
    ),
    Fault("the word of the swap is lost, and it hangs", loses(SWAP), 9, rests=False),
    Fault(
        "rights are lost after the swap",
        both(
            swap_is("no switch"),
            answers("web_apps_list_application_settings", FORBIDDEN, after=4),
        ),
        9,
        rests=False,
    ),
]
RECORDED = [
    Fault("the record cannot be written", answers(RECORD, FORBIDDEN, after=1), 5),
    Fault("the record is taken and not kept", answers(RECORD, Reply(200, {}), 1, 1), 8),
    Fault("the word of the record is lost", loses(RECORD, after=1), 0, NEW),
    Fault(
        "the record is kept and cannot be read back",
        answers("web_apps_get_deployment", FORBIDDEN, 1, 3),
        0,
        NEW,
    ),
    Fault("the evidence cannot be recorded", answers(RECORD, FORBIDDEN, after=2), 0, NEW),
]
_RIGHTS = (
    "app_service_plans_get",
    "web_apps_get",
    "web_apps_get_slot",
    "web_apps_get_configuration",
    "web_apps_get_configuration_slot",
    "web_apps_list_application_settings",
    "web_apps_list_application_settings_slot",
    "web_apps_list_slot_configuration_names",
    "web_apps_list_deployments",
    "web_apps_list_deployments_slot",
    "web_apps_get_deployment",
    "web_apps_create_deployment_slot",
    RECORD,
    CONFIGURE,
    SETTINGS,
    REFERENCES,
    SWAP,
)
RIGHTS = [Fault(f"no right to {name}", answers(name, FORBIDDEN), 5) for name in _RIGHTS]
_CHANGES = (CONFIGURE, SETTINGS, SWAP)
PASSING = [
    *(Fault(f"{name} is busy twice", answers(name, BUSY, 2), 0, NEW) for name in _CHANGES),
    *(Fault(f"{name} is throttled", answers(name, THROTTLED, 2), 0, NEW) for name in _CHANGES),
    *(Fault(f"{name} is to come back", answers(name, LATER, 1), 0, NEW) for name in _CHANGES),
    *(Fault(f"{name} is broken once", answers(name, BROKEN, 1), 0, NEW) for name in _CHANGES),
    *(Fault(f"the word of {n} is lost", loses(n), 0, NEW) for n in (CONFIGURE, SETTINGS)),
    *(
        Fault(f"the token expires before {name}", meanwhile(name, _expire), 0, NEW)
        for name in (CONFIGURE, SWAP, "operation_result", RECORD)
    ),
]
LASTING = [
    *(Fault(f"{name} is always busy", answers(name, BUSY), 8) for name in _CHANGES),
    *(Fault(f"{name} is always broken", answers(name, BROKEN), 8) for name in (CONFIGURE, SWAP)),
    Fault("the swap is always throttled", answers(SWAP, THROTTLED), 8),
    Fault("references are always broken", answers(REFERENCES, BROKEN), 8),
]
THROUGH_THE_SLOT = [
    *PULLED_AND_RUN,
    *SECRETS,
    *EDITED,
    *SWAPPED,
    *RECORDED,
    *RIGHTS,
    *PASSING,
    *LASTING,
]
IN_PLACE = [
    Fault("the image is not there", image("is not there"), 8, says="manifest unknown"),
    Fault("the container crashes", image("crashes"), 8, says="Traceback"),
    Fault("the container never answers", image("hangs"), 8, says="does not come up"),
    Fault("the secret is SecretNotFound", _production_reference_is("SecretNotFound"), 8),
    Fault(
        "the app is edited", meanwhile("web_apps_get_deployment", _edit, after=1), 8, rests=False
    ),
    Fault(
        "no right to change settings",
        answers("web_apps_update_application_settings", FORBIDDEN),
        5,
    ),
    Fault("no right to change the image", answers("web_apps_update_configuration", FORBIDDEN), 5),
    Fault(
        "the image cannot be put back",
        both(
            image("crashes"),
            answers("web_apps_update_configuration", FORBIDDEN, after=1),
        ),
        9,
        rests=False,
    ),
    Fault("the change is busy twice", answers("web_apps_update_configuration", BUSY, 2), 0, NEW),
    Fault("the record cannot be written", answers(RECORD, FORBIDDEN, after=1), 5),
]
