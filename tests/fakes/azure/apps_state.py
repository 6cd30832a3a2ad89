"""A fake container app: what it is made of, and who answers for it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.fakes.azure.apps_revision import Revision
from tests.fakes.azure.apps_rules import has_names_twice
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.vault import Vault
from tests.fakes.containers import Container

GROUP = "/subscriptions/bbbbbbbb-0000-4000-8000-00000000000b/resourceGroups/rg-demo/providers"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-demo"
ENVIRONMENT = f"{GROUP}/Microsoft.App/managedEnvironments/cae-demo"
PLACEHOLDER = "mcr.microsoft.com/azurelinux/base/python@sha256:" + "0" * 64
#: How a change goes wrong: it fails; it never ends; it is said to be done and the traffic is not.
Badness = Literal["fails", "endless", "reverted"]
#: Requests after which an operation that nobody asks about is over by itself.
_PATIENCE = 2
USERS = {
    IDENTITY: {
        "clientId": "eeeeeeee-0000-4000-8000-00000000000e",
        "principalId": "ffffffff-0000-4000-8000-00000000000f",
    }
}


@dataclass
class AppState:
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
        if self.exists and self.document is None:
            self._make_placeholder()

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
            "identity": {"type": "UserAssigned", "userAssignedIdentities": USERS},
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
