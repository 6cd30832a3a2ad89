"""What can go wrong while a release comes into service, each with how it must end."""

from tests.fakes.call import Reply
from tests.targets.azure_webapp.faults import (
    BROKEN,
    BUSY,
    CONFIGURE,
    FORBIDDEN,
    LATER,
    NEW,
    RECORD,
    REFERENCES,
    SETTINGS,
    SWAP,
    THROTTLED,
    Fault,
    answers,
    both,
    edit,
    edit_image,
    edit_slot,
    expire,
    finish,
    image,
    loses,
    meanwhile,
    mend,
    production_reference_is,
    reference_is,
    swap_is,
    take_lock,
)

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
        both(reference_is("FetchTimedOut"), meanwhile("web_apps_restart_slot", mend)),
        0,
        NEW,
    )
]
EDITED = [
    Fault("a setting is edited", meanwhile(REFERENCES, edit), 8, says="FEATURE"),
    Fault("the image is edited", meanwhile(REFERENCES, edit_image), 8, says="the image"),
    Fault(
        "the slot is edited",
        meanwhile("web_apps_get_deployment", edit_slot, after=2),
        8,
        says="changed the slot",
    ),
    Fault("the lock is lost", meanwhile(REFERENCES, take_lock), 8, says="lock was lost"),
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
        both(loses(SWAP), meanwhile("web_apps_get_configuration", finish, after=3)),
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
        Fault(f"the token expires before {name}", meanwhile(name, expire), 0, NEW)
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
    Fault("the secret is SecretNotFound", production_reference_is("SecretNotFound"), 8),
    Fault("the app is edited", meanwhile("web_apps_get_deployment", edit, after=1), 8, rests=False),
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
