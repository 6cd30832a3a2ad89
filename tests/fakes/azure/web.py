"""App Service: an app for Linux containers, its slot, its plan, and swaps between them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.azure import web_answers
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.kudu import Kudu
from tests.fakes.azure.vault import Vault
from tests.fakes.azure.web_side import PLACEHOLDER, WebSide
from tests.fakes.call import Call, Handler, Reply, refusal

#: How a swap goes: well; done and taken back at once; said to be done and not; it fails its
#: warm-up; it never ends; it is done, but the front ends go on sending to the old one; what it
#: brought ends at once.
Manner = Literal[
    "good", "reverted", "not done", "fails", "endless", "endless but done", "no switch", "dies"
]
IDENTITY = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-demo/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/id-demo"
)
CLIENT = "eeeeeeee-0000-4000-8000-00000000000e"
_SETTLED_KEYS = ("configuration", "properties", "identity", "settings", "state")


@dataclass
class WebApps:
    """One app. ``tier`` is that of its plan; without ``slot`` it has none.

    ``swaps_logs`` is whether a swap takes the deployment logs along.
    """

    cloud: AzureCloud
    vault: Vault | None = None
    tier: str = "Standard"
    name: str = "demo"
    kind: str = "app,linux,container"
    slot_name: str = "staging"
    swaps_logs: bool = False
    manner: Manner = "good"
    polls: int = 3
    sticky: list[str] = field(default_factory=list)
    has_slot: bool = True
    production: WebSide = field(init=False)
    slot: WebSide = field(init=False)
    swaps: int = 0
    _swapping: Callable[[], bool] = field(default=lambda: False)

    def __post_init__(self) -> None:
        self.production = self._made("production")
        self.slot = self._made(self.slot_name)
        self.cloud.register(self._handlers())

    @property
    def serving(self) -> str | None:
        """The release that the public address answers with."""
        return self.production.answers

    @property
    def url(self) -> str:
        """The public address."""
        return f"https://{self.production.host}"

    def portal(self, side: WebSide, **settings: str) -> None:
        """Change settings by hand, as somebody in the portal does."""
        side.settings.update(settings)
        side.start_anew()

    def seeded(self) -> dict[str, Any]:
        """Return all that there is of the app, for another test to begin with."""
        sides = {"production": self.production, "slot": self.slot}
        return {
            name: {
                **{key: copy.deepcopy(getattr(side, key)) for key in _SETTLED_KEYS},
                "entries": copy.deepcopy(side.kudu.entries),
                "count": side.kudu.count,
            }
            for name, side in sides.items()
        }

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another app had, all of it warm."""
        for name, side in (("production", self.production), ("slot", self.slot)):
            for key in _SETTLED_KEYS:
                setattr(side, key, copy.deepcopy(state[name][key]))
            side.kudu.entries = copy.deepcopy(state[name]["entries"])
            side.kudu.count = state[name]["count"]
            side.start_anew()

    def _made(self, title: str) -> WebSide:
        users = {
            IDENTITY: {"clientId": CLIENT, "principalId": "ffffffff-0000-4000-8000-00000000000f"}
        }
        side = WebSide(
            title=title,
            containers=self.cloud.containers,
            vault=self.vault,
            kudu=Kudu(self.cloud.violations),
            configuration={
                "linuxFxVersion": PLACEHOLDER,
                "acrUseManagedIdentityCreds": True,
                "acrUserManagedIdentityID": CLIENT,
                "alwaysOn": False,
            },
            properties={"httpsOnly": True, "keyVaultReferenceIdentity": IDENTITY},
            identity={"type": "UserAssigned", "userAssignedIdentities": users},
        )
        side.host = self.cloud.fronts.open(side.shares, style="app-service")
        return side

    def _handlers(self) -> dict[str, Handler]:
        found: dict[str, Handler] = {
            "app_service_plans_get": lambda call: Reply(200, web_answers.plan(self.tier, call)),
            "web_apps_list_slot_configuration_names": lambda call: Reply(
                200, web_answers.slot_names(self.name, self.sticky)
            ),
            "web_apps_swap_slot_with_production": self._swap,
        }
        of_sides: dict[str, Callable[[WebSide, Call], Reply]] = {
            "get": lambda side, call: Reply(200, self._site(side, call)),
            "update": self._update,
            "get_configuration": self._configuration,
            "update_configuration": self._configure,
            "list_application_settings": self._settings,
            "update_application_settings": self._replace_settings,
            "get_app_settings_key_vault_references": self._references,
            "get_web_site_container_logs": self._logs,
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "list_deployments": lambda side, call: Reply(
                200, {"value": side.kudu.listed(), "nextLink": None}
            ),
            "get_deployment": lambda side, call: side.kudu.get(call.parameters["id"]),
            "create_deployment": lambda side, call: side.kudu.put(call.parameters["id"], call.body),
            "delete_deployment": lambda side, call: side.kudu.delete(call.parameters["id"]),
        }
        for name, handler in of_sides.items():
            found[f"web_apps_{name}"] = self._of(handler)
            found[f"web_apps_{name}_slot"] = self._of(handler)
        return found

    def _of(self, handler: Callable[[WebSide, Call], Reply]) -> Handler:
        """Find the side that a request is about; two changes at a time there are not."""

        def answered(call: Call) -> Reply:
            name, slot = call.parameters["name"], call.parameters.get("slot")
            is_there = name.lower() == self.name and (slot is None or self._has(slot))
            if not is_there:
                what = f"Microsoft.Web/sites/{name}" + (f"/slots/{slot}" if slot else "")
                return refusal(404, "ResourceNotFound", f"The Resource '{what}' was not found.")
            changes = call.method in ("PUT", "PATCH") and "deployment" not in call.operation
            if changes and self._swapping():
                return _conflict()
            return handler(self.slot if slot else self.production, call)

        return answered

    def _has(self, slot: str) -> bool:
        return self.has_slot and slot.lower() == self.slot_name

    def _site(self, side: WebSide, call: Call) -> dict[str, Any]:
        slot = "" if side is self.production else f"/slots/{side.title}"
        return web_answers.site(self.name, self.kind, side, call, slot)

    def _update(self, side: WebSide, call: Call) -> Reply:
        side.properties.update(call.body.get("properties") or {})
        side.start_anew()
        return Reply(200, self._site(side, call))

    def _configuration(self, side: WebSide, call: Call) -> Reply:
        return Reply(200, web_answers.configured(self.name, side, call))

    def _configure(self, side: WebSide, call: Call) -> Reply:
        """Take it at once; that the image is there, and starts, is found out later."""
        properties = dict(call.body.get("properties") or {})
        if properties.get("autoSwapSlotName"):
            self.cloud.violations.append("auto swap is not supported for containers")
        if properties.get("alwaysOn") and self.tier in ("Free", "Shared"):
            return refusal(
                409,
                "Conflict",
                "AlwaysOn cannot be set for this site as the plan does not allow it.",
            )
        side.configuration.update(properties)
        side.start_anew()
        return Reply(200, web_answers.configured(self.name, side, call))

    def _settings(self, side: WebSide, call: Call) -> Reply:
        return Reply(
            200, {"id": call.path, "name": "appsettings", "properties": dict(side.settings)}
        )

    def _replace_settings(self, side: WebSide, call: Call) -> Reply:
        side.settings = dict(call.body.get("properties") or {})
        side.start_anew()
        return self._settings(side, call)

    def _references(self, side: WebSide, call: Call) -> Reply:
        return Reply(200, {"value": side.references(), "nextLink": None})

    def _logs(self, side: WebSide, call: Call) -> Reply:
        text = side.log() if side.logs else ""
        return Reply(200, text.encode()) if text else Reply(204)

    def _start(self, side: WebSide, call: Call) -> Reply:
        side.state = "Running"
        side.start_anew()
        return Reply(200)

    def _stop(self, side: WebSide, call: Call) -> Reply:
        side.state = "Stopped"
        side.stop()
        return Reply(200)

    def _restart(self, side: WebSide, call: Call) -> Reply:
        side.start_anew()
        return Reply(200)

    def _swap(self, call: Call) -> Reply:
        """Begin to swap: the answer says nothing of whether it will be done."""
        if self._swapping():
            return _conflict()
        if not self._has(call.body["targetSlot"]):
            return refusal(404, "NotFound", f"Cannot find slot {call.body['targetSlot']}.")
        is_endless = self.manner.startswith("endless")
        said = (
            f"Cannot swap site slots for site '{self.name}' because the '{self.slot_name}' slot "
            "did not respond to http ping."
        )
        is_good = self._is_warm() and self.manner != "fails"
        failure = None if is_good else ("Conflict", said)
        headers = self.cloud.operations.start(
            "location",
            polls=None if is_endless else self.polls,
            done=self._swapped,
            result=lambda: self._site(self.slot, call),
            failure=failure,
        )
        running = list(self.cloud.operations.running.values())[-1]
        self._swapping = lambda: not running.is_over
        if self.manner == "endless but done":
            self._exchange()
        return Reply(202, None, headers)

    def _is_warm(self) -> bool:
        settings, container = self.slot.settings, self.slot.serving
        self.slot.shares()
        if container is None:
            # Nothing is asked of what does not run; the placeholder answers with anything.
            return self.slot.image == PLACEHOLDER
        status = container.ping(settings.get("WEBSITE_SWAP_WARMUP_PING_PATH") or "/")
        wanted = settings.get("WEBSITE_SWAP_WARMUP_PING_STATUSES")
        return status is not None and (not wanted or str(status) in wanted.split(","))

    def _swapped(self) -> None:
        self.swaps += 1
        if self.manner in ("good", "no switch", "dies"):
            self._exchange()
        if self.manner == "dies" and self.swaps == 1 and self.production.serving is not None:
            self.production.serving.stop()
        if self.manner == "reverted":
            self._exchange()
            self._exchange()

    def _exchange(self) -> None:
        """Exchange what a swap takes along; identities, and who pulls, stay where they are."""
        one, other = self.production, self.slot
        for side in (one, other):
            side.shares()
        images = (other.image, one.image)
        for side, image in zip((one, other), images, strict=True):
            side.configuration["linuxFxVersion"] = image
        moving = (
            {**self._kept(one), **self._moving(other)},
            {**self._kept(other), **self._moving(one)},
        )
        one.settings, other.settings = moving
        if self.manner != "no switch":
            one.serving, other.serving = other.serving, one.serving
            one.starting, other.starting = other.starting, one.starting
        one.remembered, other.remembered = other.remembered, one.remembered
        if self.swaps_logs:
            one.kudu, other.kudu = other.kudu, one.kudu

    def _kept(self, side: WebSide) -> dict[str, str]:
        return {name: value for name, value in side.settings.items() if name in self.sticky}

    def _moving(self, side: WebSide) -> dict[str, str]:
        return {name: value for name, value in side.settings.items() if name not in self.sticky}


def _conflict() -> Reply:
    said = "Cannot modify this site because another operation is in progress."
    return refusal(409, "Conflict", said)
