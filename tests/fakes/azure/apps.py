"""Container Apps: one app, its revisions, its secrets, and who has the traffic."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.fakes.azure.apps_revision import Revision, references
from tests.fakes.azure.apps_rules import faults, has_names_twice, merged
from tests.fakes.azure.call import Call, Handler, Reply, refusal
from tests.fakes.azure.cloud import ARM, AzureCloud
from tests.fakes.azure.containers import Container
from tests.fakes.azure.vault import Vault

GROUP = "/subscriptions/bbbbbbbb-0000-4000-8000-00000000000b/resourceGroups/rg-demo/providers"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-demo"
ENVIRONMENT = f"{GROUP}/Microsoft.App/managedEnvironments/cae-demo"
PLACEHOLDER = "mcr.microsoft.com/azurelinux/base/python@sha256:" + "0" * 64
#: How a change goes wrong: it fails; it never ends; it is said to be done and the traffic is not.
Badness = Literal["fails", "endless", "reverted"]
_BUSY = "ContainerAppOperationInProgress"
#: Requests after which an operation that nobody asks about is over by itself.
_PATIENCE = 2
_USERS = {
    IDENTITY: {
        "clientId": "eeeeeeee-0000-4000-8000-00000000000e",
        "principalId": "ffffffff-0000-4000-8000-00000000000f",
    }
}


@dataclass
class ContainerApps:
    """One app and its environment. Without ``exists`` the app has to be made first.

    ``polls`` is how long its operations take. ``bad`` says of changes, counted from 1, how they go
    wrong; ``lag`` is to how many requests nobody answers after the traffic has moved; ``hidden``
    are revisions that are not listed any more, whose names are taken all the same.
    """

    cloud: AzureCloud
    vault: Vault
    name: str = "demo"
    exists: bool = True
    mode: str = "Multiple"
    polls: int | None = 1
    bad: dict[int, Badness] = field(default_factory=dict)
    changes: int = 0
    lag: int = 0
    hidden: set[str] = field(default_factory=set)
    document: dict[str, Any] | None = None
    revisions: dict[str, Revision] = field(default_factory=dict)
    #: What a new revision does, by a part of its name.
    manners: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    latest: str = ""
    latest_ready: str = ""
    is_stopped: bool = False
    conflicts: int = 0
    _operation: str = ""
    _moment: datetime = field(default_factory=lambda: datetime(2026, 4, 9, tzinfo=UTC))
    _unanswered: int = 0

    def __post_init__(self) -> None:
        self.host = self.cloud.fronts.open(self._shares, style="envoy")
        self.cloud.register(self._handlers())
        self.cloud.route(
            re.compile(r"/logs/revisions/(?P<revision>[^/]+)/logstream"), self._log, operation="log"
        )
        self.cloud.route("/events", self._events, operation="events")
        if self.exists and self.document is None:
            self._make_placeholder()

    # What tests look at and do

    @property
    def serving(self) -> str | None:
        """The release that has all the traffic; None where it is shared, or nobody's."""
        carrying = [(n, w) for n, w in self.weights.items() if w]
        if len(carrying) != 1 or self.is_stopped:
            return None
        revision = self.revisions.get(carrying[0][0])
        return revision.release if revision and revision.is_ready else None

    @property
    def weights(self) -> dict[str, int]:
        """Who has how much of the traffic, by revision."""
        found: dict[str, int] = {}
        for one in self.traffic:
            name = one.get("revisionName") or self._ready_one()
            found[name] = found.get(name, 0) + (one.get("weight") or 0)
        return found

    @property
    def traffic(self) -> list[dict[str, Any]]:
        """The list of shares as it was sent."""
        return list(self.configuration["ingress"].get("traffic") or []) if self.document else []

    @property
    def configuration(self) -> dict[str, Any]:
        """What is not of a revision."""
        assert self.document is not None
        found: dict[str, Any] = self.document["properties"]["configuration"]
        return found

    @property
    def tags(self) -> dict[str, str]:
        """Its tags, without those that are empty."""
        found = (self.document or {}).get("tags") or {}
        return {name: text for name, text in found.items() if text}

    @property
    def active(self) -> set[str]:
        """The releases of the active revisions."""
        return {one.release or one.name for one in self.revisions.values() if one.is_active}

    def revision_of(self, release: str) -> Revision:
        """The newest revision of a release."""
        return [one for one in self.revisions.values() if one.release == release][-1]

    def portal(self, **weights: int) -> None:
        """Move the traffic by hand; names are those of revisions with ``_`` for ``-``."""
        names = {name.replace("-", "_"): name for name in self.revisions}
        self.configuration["ingress"]["traffic"] = [
            {"revisionName": names[name], "weight": weight} for name, weight in weights.items()
        ]

    def give_all_to(self, release: str) -> None:
        """Give a release all the traffic by hand."""
        name = self.revision_of(release).name
        self.configuration["ingress"]["traffic"] = [{"revisionName": name, "weight": 100}]

    def seeded(self) -> dict[str, Any]:
        """Return all that there is of the app, for another test to begin with."""
        kept = ("document", "latest", "latest_ready", "_moment")
        revisions = [
            (one.name, copy.deepcopy(one.template), one.created, one.is_active)
            for one in self.revisions.values()
        ]
        return {**{key: copy.deepcopy(getattr(self, key)) for key in kept}, "revisions": revisions}

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another app had."""
        self.revisions.clear()
        for key, value in state.items():
            if key != "revisions":
                setattr(self, key, copy.deepcopy(value))
        for name, template, created, is_active in state["revisions"]:
            revision = self._new(name, copy.deepcopy(template), created)
            revision.is_active = is_active
            if is_active:
                self._start(revision)
                revision.looks = 9
                self._is_placeholder(revision)

    # What Azure answers

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
            name: _USERS.get(name, {}) for name in call.body["identity"]["userAssignedIdentities"]
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

    def _apply(
        self, before: dict[str, Any] | None, wanted: dict[str, Any], *, is_reverted: bool
    ) -> None:
        traffic = self.weights if before else {}
        self.document = wanted
        template = wanted["properties"]["template"]
        old = before["properties"]["template"] if before else None
        if template != old and not has_names_twice(template):
            self._make(template)
        if is_reverted and before:
            old_ingress = before["properties"]["configuration"]["ingress"]
            self.configuration["ingress"]["traffic"] = old_ingress["traffic"]
        if traffic and self.weights != traffic:
            self._unanswered = self.lag

    def _make(self, template: dict[str, Any]) -> None:
        suffix = template.get("revisionSuffix") or f"x{len(self.revisions)}y"
        name = f"{self.name}--{suffix}"
        self.latest = name
        if name in self.revisions:
            # Nothing happens, and nothing is said.
            return
        self._moment += timedelta(minutes=1)
        created = f"{self._moment:%Y-%m-%dT%H:%M:%S}+00:00"
        self._start(self._new(name, copy.deepcopy(template), created))
        if self.configuration.get("activeRevisionsMode") == "Single":
            for other in self.revisions.values():
                if other.name != name:
                    other.stop()

    def _new(self, name: str, template: dict[str, Any], created: str) -> Revision:
        revision = Revision(name, template, created)
        for part, manner in self.manners.items():
            if part in name:
                revision.manner = manner
        self.revisions[name] = revision
        revision.host = self.cloud.fronts.open(lambda: [(100, self._backend(revision))])
        return revision

    def _start(self, revision: Revision) -> None:
        values: dict[str, str | None] = {}
        for one in self.configuration.get("secrets") or []:
            url = one.get("keyVaultUrl")
            values[one["name"]] = self.vault.resolve(url).value if url else one.get("value")
        revision.start(self.cloud.containers, values, self.configuration["ingress"]["targetPort"])

    def _backend(self, revision: Revision) -> Container | None:
        """Return who answers for a revision; nobody yet, or never, is a gateway that waits."""
        if not revision.is_active or self.is_stopped:
            return None
        return _nobody(revision) if revision.manner == "silent" else revision.container

    def _shares(self) -> list[tuple[int, Container | None]]:
        if self.document is None:
            return []
        if self._unanswered > 0:
            self._unanswered -= 1
            return [(100, _nobody(next(iter(self.revisions.values()))))]
        found = []
        for name, weight in self.weights.items():
            revision = self.revisions.get(name)
            found.append((weight, self._backend(revision) if revision else None))
        return found

    def _ready_one(self) -> str:
        ready = [one.name for one in self.revisions.values() if one.is_ready]
        return ready[-1] if ready else next(iter(self.revisions), "")

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

    def _let_time_pass(self) -> None:
        """An operation comes to its end also where nobody asks for its state."""
        self.conflicts += 1
        running = self.cloud.operations.running[self._operation]
        if self.conflicts > _PATIENCE and running.polls is not None:
            running.finish()

    def _is_busy(self) -> bool:
        running = self.cloud.operations.running.get(self._operation)
        return running is not None and not running.is_over

    def _make_placeholder(self) -> None:
        """Make the app as Terraform does: something that answers, and is nobody's release."""
        template = {
            "revisionSuffix": "",
            "containers": [
                {
                    "name": "api",
                    "image": PLACEHOLDER,
                    "command": ["python3", "-m", "http.server"],
                    "resources": {"cpu": 0.25, "memory": "0.5Gi"},
                }
            ],
            "scale": {"minReplicas": 0, "maxReplicas": 1},
        }
        self.document = {
            "location": "westeurope",
            "tags": {"team": "demo"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": _USERS},
            "properties": {
                "environmentId": ENVIRONMENT,
                "workloadProfileName": "Consumption",
                "configuration": {
                    "activeRevisionsMode": self.mode,
                    "maxInactiveRevisions": 100,
                    "secrets": [],
                    "registries": [],
                    "ingress": {
                        "external": True,
                        "targetPort": 8000,
                        "transport": "auto",
                        "traffic": [{"latestRevision": True, "weight": 100}],
                    },
                },
                "template": template,
            },
        }
        self.latest = f"{self.name}--first"
        revision = self._new(self.latest, copy.deepcopy(template), "2026-04-08T00:00:00+00:00")
        self._is_placeholder(revision)

    def _is_placeholder(self, revision: Revision) -> None:
        if revision.image == PLACEHOLDER:
            revision.looks = 9


def _nobody(revision: Revision) -> Container | None:
    """Return a backend that is there and does not answer: the gateway says 504."""
    assert revision is not None
    found = revision.container
    return None if found is None else _stopped(found)


def _stopped(container: Container) -> Container:
    return Container(
        container.image, {}, container.port, "hangs", None, container.pool, is_stopped=True
    )
