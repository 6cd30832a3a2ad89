"""A revision of a fake Cloud Run: a template that never changes, and what runs of it."""

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.containers import Container, Containers
from tests.fakes.gcp.operations import moment
from tests.fakes.gcp.secrets import Secrets
from tests.fakes.gcp.tokens import PROJECT

DEFAULT_PORT = 8080
CONSOLE = (
    "https://console.cloud.google.com/logs/viewer?project=demo-project&resource=cloud_run_revision"
)
_COPIED = (
    "labels",
    "annotations",
    "containers",
    "volumes",
    "scaling",
    "timeout",
    "serviceAccount",
    "maxInstanceRequestConcurrency",
    "executionEnvironment",
    "vpcAccess",
    "sessionAffinity",
)


@dataclass(frozen=True)
class Reason:
    """Why a revision does not get ready: what is said, and the reason of one of two kinds."""

    said: str
    kind: str = "revisionReason"
    reason: str = "HEALTH_CHECK_CONTAINER_ERROR"


@dataclass
class Revision:
    """One revision. ``looks`` is how often it was seen whether it is ready."""

    name: str
    template: dict[str, Any]
    created: str = field(default_factory=moment)
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    container: Container | None = None
    reason: Reason | None = None
    looks: int = 0
    host: str = ""
    is_ready: bool = False

    @property
    def last(self) -> str:
        """Its name without that of its service."""
        return self.name.rpartition("/")[2]

    @property
    def api(self) -> Mapping[str, Any]:
        """The container that takes requests: the one with a port, or the first."""
        found: list[dict[str, Any]] = self.template["containers"]
        return next((one for one in found if one.get("ports")), found[0])

    @property
    def release(self) -> str | None:
        """The release of ours that it runs."""
        plain = {one["name"]: one.get("value", "") for one in self.api.get("env", [])}
        return plain.get("LLMOPS_RELEASE")

    def start(self, containers: Containers, secrets: Secrets, platform: Mapping[str, str]) -> None:
        """Start its container, with the secrets that it names."""
        image = self.api["image"]
        why = containers.why_not_pulled(image)
        if why is not None:
            self.reason = Reason(f"Image '{image}' not found.", "reason", "CONTAINER_MISSING")
            return
        port = int((self.api.get("ports") or [{}])[0].get("containerPort", DEFAULT_PORT))
        values: dict[str, str] = {}
        for one in self.api.get("env", []):
            reference = one.get("valueSource", {}).get("secretKeyRef")
            value = _read(secrets, reference) if reference else one.get("value", "")
            if value is None:
                self.reason = _unreadable(reference)
                return
            values[one["name"]] = value
        service = self.last.rpartition("-")[0]
        told = {"PORT": str(port), "K_SERVICE": service, "K_CONFIGURATION": service}
        probe = self.api.get("startupProbe", {}).get("httpGet", {}).get("path", "/health")
        self.container = containers.start(
            image, {**values, **told, **platform}, port, health=probe or "/health"
        )

    def look(self, patience: int) -> None:
        """See whether it is ready, or never will be."""
        if self.is_ready or self.reason is not None:
            return
        self.looks += 1
        if self.container is not None and self.container.is_ready:
            self.is_ready = True
        elif (self.container is None or self.container.address is None) and self.looks > patience:
            self.reason = Reason(_never_listened(self))

    @property
    def is_settled(self) -> bool:
        """Whether it is ready, or never will be."""
        return self.is_ready or self.reason is not None

    def stop(self) -> None:
        """Stop it."""
        if self.container is not None:
            self.container.stop()

    def document(self, *, has_traffic: bool) -> dict[str, Any]:
        """Return it as Google shows it."""
        ready = {"type": "Ready", **condition(self)}
        active = {"type": "Active", **condition(self)}
        if self.is_ready and not has_traffic:
            # What nobody is sent to is put to rest.
            active |= {"state": "CONDITION_FAILED", "revisionReason": "RESERVE", "severity": "INFO"}
        shown = {key: copy.deepcopy(self.template[key]) for key in _COPIED if key in self.template}
        return {
            **shown,
            "name": self.name,
            "uid": self.uid,
            "generation": "1",
            "observedGeneration": "1",
            "createTime": self.created,
            "updateTime": self.created,
            "service": self.name.partition("/revisions/")[0].rpartition("/")[2],
            "launchStage": "GA",
            "logUri": CONSOLE,
            "conditions": [ready, active],
            "etag": f'"{self.uid[:8]}"',
            **({} if self.is_settled else {"reconciling": True}),
        }


def condition(revision: Revision) -> dict[str, Any]:
    """Return how a condition stands that depends on whether a revision is ready."""
    told: dict[str, Any] = {"lastTransitionTime": revision.created}
    if revision.is_ready:
        return {**told, "state": "CONDITION_SUCCEEDED"}
    if revision.reason is None:
        return {**told, "state": "CONDITION_RECONCILING", "message": "Deploying revision."}
    reason = revision.reason
    return {
        **told,
        "state": "CONDITION_FAILED",
        "severity": "ERROR",
        "message": reason.said,
        reason.kind: reason.reason,
    }


def _read(secrets: Secrets, reference: Mapping[str, str]) -> str | None:
    name = reference["secret"]
    whole = name if name.startswith("projects/") else f"projects/{PROJECT}/secrets/{name}"
    return secrets.value(f"{whole}/versions/{reference.get('version', 'latest')}")


def _unreadable(reference: Mapping[str, str]) -> Reason:
    where = f"{reference['secret']}/versions/{reference.get('version', 'latest')}"
    said = (
        f"spec.template.spec.containers[0].env: Permission denied on secret: {where} for Revision "
        "service account. The service account used must be granted the 'Secret Manager Secret "
        "Accessor' role (roles/secretmanager.secretAccessor) at the secret or the project."
    )
    return Reason(said, "reason", "SECRETS_ACCESS_CHECK_FAILED")


def _never_listened(revision: Revision) -> str:
    port = int((revision.api.get("ports") or [{}])[0].get("containerPort", DEFAULT_PORT))
    return (
        f"Revision '{revision.last}' is not ready and cannot serve traffic. The user-provided "
        "container failed to start and listen on the port defined provided by the PORT="
        f"{port} environment variable within the allocated timeout. This can happen when the "
        "container port is misconfigured or if the timeout is too short. The health check timeout "
        f"can be extended. Logs for this revision might contain more "
        f"information.\n\nLogs URL: {CONSOLE}"
    )
