"""Ways to let something go wrong while a release comes into service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.call import Call, Reply, refusal
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


def production_reference_is(status: str) -> Arrange:
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


def edit(stage: Stage) -> None:
    """Change a setting of production by hand."""
    stage.app.portal(stage.app.production, FEATURE="on")


def edit_image(stage: Stage) -> None:
    """Change the image of production by hand."""
    stage.app.production.configuration["linuxFxVersion"] = stage.app.slot.image


def edit_slot(stage: Stage) -> None:
    """Change the image of the slot by hand."""
    stage.app.slot.configuration["linuxFxVersion"] = stage.app.production.image


def mend(stage: Stage) -> None:
    """Let the vault answer as it should."""
    stage.app.slot.forced.clear()


def expire(stage: Stage) -> None:
    """Let all tokens be no good any more."""
    stage.cloud.faults.expire_tokens()


def finish(stage: Stage) -> None:
    """Let what Azure is at be over now."""
    stage.cloud.operations.settle()


def take_lock(stage: Stage) -> None:
    """Let somebody else have the lock."""
    entries = stage.app.production.kudu.entries
    entries["llmops-lock"] = {**entries["llmops-lock"], "message": '{"nonce": "another"}'}
