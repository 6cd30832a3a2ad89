"""Container Apps: what Azure answers about one app, its revisions, its secrets and its logs."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.azure.apps_revision import Revision, references
from tests.fakes.azure.apps_rules import faults, merged
from tests.fakes.azure.apps_state import ENVIRONMENT, GROUP, USERS, AppState
from tests.fakes.azure.cloud import ARM
from tests.fakes.call import Call, Handler, Reply, refusal

_BUSY = "ContainerAppOperationInProgress"


@dataclass
class ContainerApps(AppState):
    """One app that answers through Resource Manager, and the streams of its logs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cloud.register(self._handlers())
        self.cloud.route(
            re.compile(r"/logs/revisions/(?P<revision>[^/]+)/logstream"), self._log, operation="log"
        )
        self.cloud.route("/events", self._events, operation="events")

    def _handlers(self) -> dict[str, Handler]:
        of_app: dict[str, Handler] = {
            "container_apps_get": self._get,
            "container_apps_update": self._update,
            "container_apps_list_secrets": self._secrets,
            "container_apps_get_auth_token": self._token,
            "container_apps_start": lambda call: self._operate(is_stopped=False),
            "container_apps_stop": lambda call: self._operate(is_stopped=True),
            "container_apps_revisions_list_revisions": self._list,
            "container_apps_revisions_get_revision": self._of(self._show),
            "container_apps_revisions_activate_revision": self._of(self._activate),
            "container_apps_revisions_deactivate_revision": self._of(self._deactivate),
            "container_apps_revision_replicas_list_replicas": self._of(self._replicas),
        }
        return {
            **{name: self._if_there(handler) for name, handler in of_app.items()},
            "container_apps_create_or_update": self._create,
            "managed_environments_get": self._environment,
        }

    def _if_there(self, handler: Handler) -> Handler:
        def answered(call: Call) -> Reply:
            name = call.parameters["containerAppName"]
            if self.document is None or name.lower() != self.name:
                what = f"Microsoft.App/containerApps/{name}"
                return refusal(404, "ResourceNotFound", f"The Resource '{what}' was not found.")
            return handler(call)

        return answered

    def _of(self, handler: Callable[[Revision, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            revision = self.revisions.get(call.parameters["revisionName"])
            if revision is None:
                return refusal(404, "RevisionNotFound", "The revision was not found.")
            return handler(revision, call)

        return answered

    def _get(self, call: Call) -> Reply:
        if self._is_busy():
            self._let_time_pass()
        return Reply(200, self._shown())

    def _shown(self) -> dict[str, Any]:
        """Return the app as it is told: no value of a secret is."""
        assert self.document is not None
        found = copy.deepcopy(self.document)
        found["properties"]["configuration"]["secrets"] = [
            {key: text for key, text in one.items() if key != "value"}
            for one in self.configuration.get("secrets") or []
        ] or None
        # The newest that is ready is told a look too late.
        told, self.latest_ready = self.latest_ready, self._ready_one()
        found["properties"] |= {
            "provisioningState": "InProgress" if self._is_busy() else "Succeeded",
            "runningStatus": "Stopped" if self.is_stopped else "Running",
            "latestRevisionName": self.latest,
            "latestReadyRevisionName": told or self.latest_ready,
            "eventStreamEndpoint": f"{self.cloud.url}/events",
        }
        found["properties"]["configuration"]["ingress"]["fqdn"] = self.host
        return {
            **found,
            "id": f"{GROUP}/Microsoft.App/containerApps/{self.name}",
            "name": self.name,
            "type": "Microsoft.App/containerApps",
        }

    def _update(self, call: Call) -> Reply:
        if refused := self._refuse_while_busy():
            return refused
        wanted = merged(self.document, call.body)
        return self._changed(wanted)

    def _create(self, call: Call) -> Reply:
        if refused := self._refuse_while_busy():
            return refused
        users = {
            name: USERS.get(name, {}) for name in call.body["identity"]["userAssignedIdentities"]
        }
        body = copy.deepcopy(call.body)
        body["identity"]["userAssignedIdentities"] = users
        reply = self._changed(body)
        return (
            Reply(201, {**body, "name": self.name}, reply.headers) if reply.status == 202 else reply
        )

    def _changed(self, wanted: dict[str, Any]) -> Reply:
        active = {one.name: one.is_active for one in self.revisions.values()}
        used = {
            secret
            for one in self.revisions.values()
            if one.is_active
            for secret in references(one.template).values()
        }
        for code, message in faults(self.name, wanted, self.document, active, used):
            return refusal(400, code, message)
        before = copy.deepcopy(self.document)
        self.conflicts = 0
        self.changes += 1
        bad = self.bad.get(self.changes)
        headers = self.cloud.operations.start(
            "both",
            polls=None if bad == "endless" else self.polls,
            done=lambda: self._apply(before, wanted, is_reverted=bad == "reverted"),
            result=self._shown,
            failure=("ContainerAppOperationError", "It failed.") if bad == "fails" else None,
        )
        self._operation = list(self.cloud.operations.running)[-1]
        return Reply(202, None, headers)

    def _secrets(self, call: Call) -> Reply:
        return Reply(200, {"value": copy.deepcopy(self.configuration.get("secrets") or [])})

    def _token(self, call: Call) -> Reply:
        document = self._shown()
        told = {"id": document["id"], "name": self.name, "type": document["type"]}
        properties = {"token": self.cloud.entra.token(ARM), "expires": "2026-04-09T20:00:00Z"}
        return Reply(200, {**told, "location": "westeurope", "properties": properties})

    def _list(self, call: Call) -> Reply:
        found = [
            one.document(self.weights.get(one.name, 0))
            for one in self.revisions.values()
            if one.name not in self.hidden
        ]
        return Reply(200, {"value": found, "nextLink": None})

    def _show(self, revision: Revision, call: Call) -> Reply:
        return Reply(200, revision.document(self.weights.get(revision.name, 0)))

    def _activate(self, revision: Revision, call: Call) -> Reply:
        if refused := self._refuse_while_busy():
            return refused
        if not revision.is_active:
            self._start(revision)
        return Reply(200)

    def _deactivate(self, revision: Revision, call: Call) -> Reply:
        if refused := self._refuse_while_busy():
            return refused
        revision.stop()
        return Reply(200)

    def _replicas(self, revision: Revision, call: Call) -> Reply:
        return Reply(200, {"value": revision.replicas(self.cloud.url)})

    def _operate(self, *, is_stopped: bool) -> Reply:
        if refused := self._refuse_while_busy():
            return refused

        def done() -> None:
            self.is_stopped = is_stopped

        headers = self.cloud.operations.start(
            "both", polls=self.polls, done=done, result=self._shown
        )
        self._operation = list(self.cloud.operations.running)[-1]
        return Reply(202, None, headers)

    def _environment(self, call: Call) -> Reply:
        if call.parameters["environmentName"].lower() != "cae-demo":
            return refusal(404, "ResourceNotFound", "The environment was not found.")
        document = {
            "id": ENVIRONMENT,
            "name": "cae-demo",
            "type": "Microsoft.App/managedEnvironments",
            "location": "westeurope",
            "properties": {"provisioningState": "Succeeded", "defaultDomain": "example.invalid"},
        }
        return Reply(200, document)

    def _log(self, call: Call) -> Reply:
        if not self._is_let_in(call):
            return Reply(401, "no token")
        revision = self.revisions[call.parameters["revision"]]
        text = revision.container.log if revision.container else ""
        lines = text.splitlines()[-int(call.query.get("tailLines", "20")) :]
        return Reply(200, "\n".join(lines) + "\n")

    def _events(self, call: Call) -> Reply:
        if not self._is_let_in(call):
            return Reply(401, "no token")
        found = [
            f"2026-04-09 Error ContainerAppRevision {one.name}: {one.error or 'back-off'}"
            for one in self.revisions.values()
            if one.error
        ]
        return Reply(200, "\n".join([*found, ""]))

    def _is_let_in(self, call: Call) -> bool:
        return self.cloud.entra.trouble_with(call.headers, ARM) is None

    def _refuse_while_busy(self) -> Reply | None:
        if not self._is_busy():
            return None
        self._let_time_pass()
        return refusal(409, _BUSY, "Another operation is in progress on the app.")
