"""A revision of a fake container app: a template that never changes, and what runs of it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.containers import Container, Containers

#: What a revision does besides what its image does: nothing; it is said to be ready and its
#: front answers nothing; Azure tells none of its states.
Manner = Literal["good", "silent", "unsettled"]


@dataclass
class Revision:
    """One revision. ``looks`` is how often it was asked for since it was started."""

    name: str
    template: dict[str, Any]
    created: str
    host: str = ""
    is_active: bool = True
    container: Container | None = None
    error: str = ""
    manner: Manner = "good"
    looks: int = 0
    starts: int = 0
    users: set[str] = field(default_factory=set)

    @property
    def image(self) -> str:
        """The image of its first container."""
        return str(self.template["containers"][0]["image"])

    @property
    def release(self) -> str | None:
        """The release of ours that it runs."""
        return plain_environment(self.template).get("LLMOPS_RELEASE")

    @property
    def is_ready(self) -> bool:
        """Whether traffic can go to it."""
        return bool(self.is_active and self.container and self.container.is_ready)

    def start(self, containers: Containers, values: Mapping[str, str | None], port: int) -> None:
        """Start its container, with the values of the app's secrets by name."""
        self.is_active, self.looks, self.error = True, 0, ""
        self.starts += 1
        environment = plain_environment(self.template)
        for name, secret in references(self.template).items():
            value = values.get(secret)
            if value is None:
                self.error = f"Secret '{secret}' cannot be read from its Key Vault: Forbidden."
                return
            environment[name] = value
        reason = containers.why_not_pulled(self.image)
        if reason is not None:
            self.error = reason
        self.container = containers.start(self.image, environment, port)

    def stop(self) -> None:
        """Stop it."""
        self.is_active = False
        if self.container is not None:
            self.container.stop()
            self.container = None

    def document(self, weight: int) -> dict[str, Any]:
        """Return it as Azure shows it; asked for the first time, it is still coming up."""
        self.looks += 1
        properties: dict[str, Any] = {
            "createdTime": self.created,
            "fqdn": self.host,
            "template": copy.deepcopy(self.template),
            "active": self.is_active,
            "trafficWeight": weight,
            **self._states(),
        }
        return {
            "id": f"/subscriptions/s/resourceGroups/g/providers/Microsoft.App/containerapps/x/"
            f"revisions/{self.name}",
            "name": self.name,
            "type": "Microsoft.App/containerapps/revisions",
            "properties": properties,
        }

    def replicas(self, url: str) -> list[dict[str, Any]]:
        """Return its replicas as Azure shows them."""
        if not self.is_active or self.container is None:
            return []
        crashes = self.container.manner in ("crashes", "is not there")
        reason = "ImagePullBackOff" if self.error else "CrashLoopBackOff: exit code 1"
        name = f"{self.name}-7c9d8-abcde"
        container = {
            "name": "api",
            "containerId": "containerd://0123",
            "ready": self.is_ready,
            "started": not crashes,
            "restartCount": 4 if crashes else 0,
            "runningState": "Waiting" if crashes else "Running",
            "runningStateDetails": reason if crashes else "",
            "logStreamEndpoint": f"{url}/logs/revisions/{self.name}/logstream",
        }
        state = "NotRunning" if crashes else "Running"
        return [
            {
                "id": f"/replicas/{name}",
                "name": name,
                "type": "Microsoft.App/containerapps/revisions/replicas",
                "properties": {"runningState": state, "containers": [container]},
            }
        ]

    def _states(self) -> dict[str, Any]:
        if not self.is_active:
            return {"provisioningState": "Deprovisioned", "runningState": "Stopped", "replicas": 0}
        if self.error:
            states = {"provisioningState": "Failed", "runningState": "Failed"}
            return {**states, "healthState": "Unhealthy", "provisioningError": self.error}
        if self.manner == "unsettled":
            return {}
        if self.looks <= 1:
            return {"provisioningState": "Provisioning", "runningState": "Processing"}
        if self.container is not None and self.container.manner == "crashes":
            return {"provisioningState": "Provisioned", "runningState": "Degraded", "replicas": 1}
        if self.is_ready or self.manner == "silent":
            states = {"provisioningState": "Provisioned", "runningState": "Running"}
            return {**states, "healthState": "Healthy", "replicas": 1}
        return {"provisioningState": "Provisioned", "runningState": "Processing", "replicas": 1}


def plain_environment(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of the first container that have their value in the template."""
    found = template["containers"][0].get("env") or []
    return {one["name"]: one.get("value") or "" for one in found if not one.get("secretRef")}


def references(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of the first container whose values are secrets of the app."""
    found = template["containers"][0].get("env") or []
    return {one["name"]: one["secretRef"] for one in found if one.get("secretRef")}
