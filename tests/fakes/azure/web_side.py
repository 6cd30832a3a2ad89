"""One side of a fake App Service app: what is configured of it, and the container that serves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.azure.kudu import Kudu
from tests.fakes.azure.vault import Resolution, Vault
from tests.fakes.containers import Container, Containers
from tests.fakes.fronts import Shares

_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=(.+)\)")
_DOCKER = "DOCKER|"
DEFAULT_PORT = 80
#: An image that Azure puts where nothing was deployed yet; it answers nothing that we know.
PLACEHOLDER = "DOCKER|mcr.microsoft.com/appsvc/staticsite:1"


@dataclass
class WebSide:
    """Production or a slot. A change is configured at once, and runs when its container answers.

    ``forced`` are statuses that references have whatever the vault says; ``remembered`` is what
    was found of each when the side was last configured, and is not looked at again.
    """

    title: str
    containers: Containers
    vault: Vault | None
    kudu: Kudu
    configuration: dict[str, Any]
    properties: dict[str, Any]
    identity: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
    state: str = "Running"
    host: str = ""
    logs: bool = True
    forced: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, Resolution] = field(default_factory=dict)
    has_looked: bool = False
    serving: Container | None = None
    starting: Container | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def image(self) -> str:
        """The image that is configured."""
        return str(self.configuration.get("linuxFxVersion") or "")

    @property
    def answers(self) -> str | None:
        """The release that serves, by the environment of its container."""
        self.shares()
        if self.serving is None or self.serving.address is None:
            return None
        return self.serving.environment.get("LLMOPS_RELEASE")

    def shares(self) -> Shares:
        """Say who answers the next request; a new container does once it is warm."""
        if self.starting is not None and self._is_warm(self.starting):
            old, self.serving, self.starting = self.serving, self.starting, None
            if old is not None:
                old.stop()
        return [(1, self.serving)] if self.serving is not None and self.state == "Running" else []

    def start_anew(self) -> None:
        """Start a container of what is configured; the one before it serves on meanwhile."""
        self.remember()
        if self.state != "Running" or self.image == PLACEHOLDER:
            return
        image = self.image.removeprefix(_DOCKER)
        why = self._why_not_pulled(image)
        if why is not None:
            self.say(f"ERROR - Image pull failed: {why}")
            self.starting = None
            return
        if self.starting is not None:
            self.starting.stop()
        port = int(self.settings.get("WEBSITES_PORT") or DEFAULT_PORT)
        self.starting = self.containers.start(image, self._environment(), port)
        self.say(f"INFO - Starting container for site, image {image}, port {port}")
        if not self.starting.is_running:
            self.say("ERROR - Container didn't respond to HTTP pings: it has exited, see its log")

    def stop(self) -> None:
        """End the containers."""
        for container in (self.serving, self.starting):
            if container is not None:
                container.stop()
        self.serving = self.starting = None

    def remember(self) -> None:
        """Ask the vault for what the settings refer to."""
        self.has_looked = False
        self.remembered = {
            name: self._resolution(name, value)
            for name, value in self.settings.items()
            if value.lower().startswith("@microsoft.keyvault(")
        }

    def references(self) -> list[dict[str, Any]]:
        """Return the states of the references; the first look after a change tells nothing."""
        is_first, self.has_looked = not self.has_looked, True
        return [
            {
                "name": name,
                "properties": {
                    "reference": self.settings[name],
                    "status": "Initialized" if is_first else found.status,
                    "details": None if found.status == "Resolved" else f"about {name}",
                },
            }
            for name, found in self.remembered.items()
        ]

    def log(self) -> str:
        """Return what Azure and the containers wrote."""
        last = self.starting or self.serving
        return "".join(f"{line}\n" for line in self.lines) + (last.log if last else "")

    def say(self, line: str) -> None:
        """Write a line to the log."""
        self.lines.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {line}")

    def _is_warm(self, container: Container) -> bool:
        if not container.is_ready:
            return False
        wanted = self.settings.get("WEBSITE_WARMUP_STATUSES")
        status = container.ping(self.settings.get("WEBSITE_WARMUP_PATH") or "/robots933456.txt")
        return status is not None and (not wanted or str(status) in wanted.split(","))

    def _environment(self) -> dict[str, str]:
        hidden = ("DOCKER_REGISTRY_SERVER_", "WEBSITE")
        return {
            # What cannot be resolved comes to the container word for word.
            name: self.remembered[name].value or value if name in self.remembered else value
            for name, value in self.settings.items()
            if not name.startswith(hidden)
        }

    def _resolution(self, name: str, value: str) -> Resolution:
        if name in self.forced:
            return Resolution(self.forced[name])
        written = _REFERENCE.fullmatch(value)
        if written is None or self.vault is None:
            return Resolution("InvalidSyntax")
        reader = str(self.properties.get("keyVaultReferenceIdentity") or "SystemAssigned")
        if not has_identity(self.identity, reader):
            return Resolution("MSINotEnabled")
        return self.vault.resolve(written[1])

    def _why_not_pulled(self, image: str) -> str | None:
        if any(name.startswith("DOCKER_REGISTRY_SERVER_") for name in self.settings):
            return f"unauthorized: authentication required, {image}"
        puller = str(self.configuration.get("acrUserManagedIdentityID") or "")
        clients = {
            str(one.get("clientId")).lower()
            for one in (self.identity.get("userAssignedIdentities") or {}).values()
        }
        if not self.configuration.get("acrUseManagedIdentityCreds") or (
            puller and puller.lower() not in clients
        ):
            return f"ImagePullUnauthorizedFailure: {image}"
        return self.containers.why_not_pulled(image)


def has_identity(identity: Mapping[str, Any], wanted: str) -> bool:
    """Whether an identity document has the user-assigned one, or the system's."""
    if wanted.lower() == "systemassigned":
        return "systemassigned" in str(identity.get("type")).lower()
    ids = identity.get("userAssignedIdentities") or {}
    return wanted.lower() in {id.lower() for id in ids}
