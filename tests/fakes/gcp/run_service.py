"""A service of a fake Cloud Run: its revisions, its traffic, and where these answer."""

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.containers import Container
from tests.fakes.gcp.operations import Failure, moment
from tests.fakes.gcp.run_revision import Revision, condition

if TYPE_CHECKING:
    from tests.fakes.gcp.run import Run

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
TYPE = "type.googleapis.com/google.cloud.run.v2.Service"
_OWN = ("template", "traffic", "etag", "name")


@dataclass(frozen=True)
class Share:
    """A part of the traffic in force."""

    revision: str
    percent: int
    tag: str
    kind: str
    uri: str


@dataclass
class Service:
    """A service. ``wanted`` is its document as it was sent; ``shares`` is what is in force."""

    run: "Run"
    name: str
    wanted: dict[str, Any]
    revisions: dict[str, Revision] = field(default_factory=dict)
    shares: list[Share] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    observed: int = 0
    edition: int = 0
    latest: str = ""
    latest_ready: str = ""
    trouble: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    unaware: int = 0
    before: list[Share] = field(default_factory=list)
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=moment)
    updated: str = field(default_factory=moment)

    def __post_init__(self) -> None:
        self.host = self.host or self.run.cloud.fronts.open(self._backends, style="run")

    @property
    def id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def uri(self) -> str:
        """Its public address."""
        return f"https://{self.host}"

    @property
    def etag(self) -> str:
        """What changes with it."""
        return f'"CNX{self.edition:04}"'

    @property
    def is_busy(self) -> bool:
        """Whether what is wanted is not what is in force yet."""
        return self.observed < self.generation

    def change(self, wanted: Mapping[str, Any], revision: str) -> None:
        """Want something else; a template that differs makes a revision, which is started."""
        self.wanted = {**copy.deepcopy(dict(wanted)), "name": self.name}
        self.generation += 1
        self.touched()
        if revision not in self.revisions:
            whole = f"{self.name}/revisions/{revision}"
            template = copy.deepcopy(dict(wanted["template"]))
            self.add(Revision(whole, template))
            self.start(self.revisions[revision])
        self.latest = revision

    def add(self, revision: Revision) -> None:
        """Have a revision."""
        self.revisions[revision.last] = revision

    def start(self, revision: Revision) -> None:
        """Start what runs of a revision."""
        cloud = self.run.cloud
        revision.start(cloud.containers, cloud.secrets, cloud.platform)

    def touched(self) -> None:
        """Note that it was changed."""
        self.edition += 1
        self.updated = moment()

    def settle(self) -> dict[str, Any] | Failure | None:
        """Bring what is wanted into force; None where that takes longer still."""
        latest = self.revisions[self.latest]
        latest.look(self.run.patience)
        if not latest.is_settled:
            return None
        self.observed = self.generation
        self.touched()
        if latest.reason is not None:
            self.run.log(latest)
            return self._failed("ConfigurationsReady", latest)
        self.latest_ready = self.latest
        shares = [self._share(one) for one in self.traffic]
        lost = [one.revision for one in shares if one.revision not in self.revisions]
        if lost:
            return self._failed("RoutesReady", latest, f"Revision '{lost[0]}' not found.")
        if shares != self.shares:
            self.before, self.unaware = self.shares, self.run.lag
        self.shares, self.trouble = shares, {}
        return {"@type": TYPE, **self.shown()}

    def fail(self, failure: Failure) -> Failure:
        """Give up what is wanted: who had the traffic has it still."""
        self.observed = self.generation
        self.touched()
        said = {"state": "CONDITION_FAILED", "message": failure.message}
        self.trouble = {**said, "type": "RoutesReady", "lastTransitionTime": moment()}
        return failure

    @property
    def traffic(self) -> list[dict[str, Any]]:
        """What is wanted of the traffic."""
        found: list[dict[str, Any]] = self.wanted.get("traffic") or []
        return found or [{"type": LATEST, "percent": 100}]

    def shown(self) -> dict[str, Any]:
        """Return it as Google shows it."""
        kept = {key: one for key, one in self.wanted.items() if key not in _OWN}
        shown = {
            **copy.deepcopy(kept),
            "name": self.name,
            "template": copy.deepcopy(self.wanted["template"]),
            "traffic": copy.deepcopy(self.traffic),
            "uid": self.uid,
            "etag": self.etag,
            "generation": str(self.generation),
            "createTime": self.created,
            "updateTime": self.updated,
            "creator": "deployer@demo-project.iam.gserviceaccount.com",
            "launchStage": self.wanted.get("launchStage", "GA"),
            "ingress": self.wanted.get("ingress", "INGRESS_TRAFFIC_ALL"),
            "uri": self.uri,
            "urls": [self.uri],
            "latestCreatedRevision": f"{self.name}/revisions/{self.latest}",
            "terminalCondition": self._condition("Ready"),
            "conditions": [self._condition("RoutesReady"), self._condition("ConfigurationsReady")],
            "trafficStatuses": [_status(one) for one in self.shares],
        }
        # Numbers of 0 and what is false are not told.
        if self.observed:
            shown["observedGeneration"] = str(self.observed)
        if self.is_busy:
            shown["reconciling"] = True
        if self.latest_ready:
            shown["latestReadyRevision"] = f"{self.name}/revisions/{self.latest_ready}"
        return shown

    def has_traffic(self, revision: str) -> bool:
        """Whether anybody is sent to a revision, or could ask for it by a tag."""
        return any(one.revision == revision for one in self.shares)

    def is_let_in(self) -> bool:
        """Whether anybody may call it."""
        if self.wanted.get("invokerIamDisabled"):
            return True
        bindings = self.policy.get("bindings", [])
        return any(
            one.get("role") == "roles/run.invoker" and "allUsers" in one.get("members", [])
            for one in bindings
        )

    def _share(self, wanted: Mapping[str, Any]) -> Share:
        kind = wanted.get("type", LATEST)
        revision = self.latest_ready if kind == LATEST else wanted.get("revision", "")
        tag = wanted.get("tag", "")
        uri = f"https://{self._host_of(tag)}" if tag else ""
        return Share(revision, wanted.get("percent", 0), tag, kind, uri)

    def _host_of(self, tag: str) -> str:
        if tag not in self.tags:
            self.tags[tag] = self.run.cloud.fronts.open(lambda: self._tagged(tag), style="run")
        return self.tags[tag]

    def _tagged(self, tag: str) -> list[tuple[int, Container | None]]:
        return [(100, self._backend(one.revision)) for one in self.shares if one.tag == tag]

    def _backends(self) -> list[tuple[int, Container | None]]:
        shares = self.shares
        if self.unaware > 0:
            self.unaware -= 1
            shares = self.before
        return [(one.percent, self._backend(one.revision)) for one in shares if one.percent]

    def _backend(self, name: str) -> Container | None:
        revision = self.revisions.get(name)
        return revision.container if revision and self.is_let_in() else None

    def _failed(self, kind: str, latest: Revision, said: str = "") -> Failure:
        found = {"state": "CONDITION_FAILED", "message": said} if said else condition(latest)
        self.trouble = {**found, "type": kind, "lastTransitionTime": moment()}
        return Failure("FAILED_PRECONDITION", str(self.trouble["message"]))

    def _condition(self, kind: str) -> dict[str, Any]:
        told: dict[str, Any] = {"type": kind, "lastTransitionTime": self.updated}
        if self.is_busy:
            return {**told, "state": "CONDITION_RECONCILING", "message": "Deploying Revision."}
        if self.trouble and kind in ("Ready", self.trouble["type"]):
            reason = {} if kind != "Ready" else {"reason": "REVISION_FAILED"}
            own = {key: one for key, one in self.trouble.items() if "eason" not in key}
            return {**own, **reason, "type": kind}
        return {**told, "state": "CONDITION_SUCCEEDED"}


def _status(share: Share) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": share.kind}
    for key, value in (("percent", share.percent), ("tag", share.tag), ("uri", share.uri)):
        if value:
            shown[key] = value
    if share.kind == REVISION:
        shown["revision"] = share.revision
    return shown
