"""The compose file of a stack: the gateway, what runs beside the API, and a release."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.release import Release
from llmops_cli.rendering import render
from llmops_cli.stacks.beside import Beside, Volume
from llmops_cli.stacks.stack import Stack
from llmops_cli.targets.compose.environment import SECRET_FOLDER, drain_seconds_of
from llmops_cli.targets.documents import release_document

#: The gateway's service, and its default image.
GATEWAY, GATEWAY_IMAGE = "gateway", "haproxy:3.2.4"
#: The ports that the gateway listens on inside its container.
PLAIN_PORT, TLS_PORT = 8080, 8443
#: Seconds that a container has beyond those that its requests have to finish.
_SLACK = 5


@dataclass(frozen=True)
class Mount:
    """A volume that a container reads."""

    volume: str
    folder: str


@dataclass(frozen=True)
class GatewayService:
    """The gateway as a service: where it is published, and its certificate, if it has one."""

    host: str
    port: int
    image: str = GATEWAY_IMAGE
    secrets: tuple[Mount, ...] = ()

    @property
    def listens(self) -> int:
        """The port inside its container."""
        return TLS_PORT if self.secrets else PLAIN_PORT

    @property
    def address(self) -> str:
        """Where it is published, as the engine writes it."""
        return f"{self.host}:{self.port}"

    @property
    def definition(self) -> str:
        """A name for exactly this definition."""
        text = f"{self.host} {self.port} {self.image} {self.secrets}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class ReleaseService:
    """A release as a service, with the limits of its container."""

    service: str
    release: Release
    environment: Mapping[str, str]
    memory: str
    cpus: float
    secrets: Sequence[Mount] = ()

    def values(self) -> Mapping[str, object]:
        """Return what the template fills in."""
        image = self.release.image
        return {
            "service": self.service,
            "image": _literal(image),
            # An id is of an image that this engine made itself; nobody else could give it.
            "pull_policy": "missing" if "@" in image else "never",
            "record": _literal(json.dumps(release_document(self.release))),
            "memory": self.memory,
            "cpus": self.cpus,
            "stop_seconds": round(drain_seconds_of(self.release)) + _SLACK,
            "environment": {k: _literal(v) for k, v in sorted(self.environment.items())},
            "secrets": self.secrets,
        }


@dataclass(frozen=True)
class StackFile:
    """Everything that the file of a stack has; ``stop_seconds`` is what requests get to finish."""

    stack: Stack
    gateway: GatewayService
    stop_seconds: float
    beside: Beside = field(default_factory=Beside)
    releases: Sequence[ReleaseService] = ()

    def text(self) -> str:
        """Return the compose file. It holds names and files of secrets, and no value."""
        return render(
            "compose/stack.yaml.j2",
            {
                "stack": self.stack.name,
                "gateway": self.gateway,
                "stop_seconds": round(self.stop_seconds) + _SLACK,
                "services": self.beside.text,
                "service_names": self.beside.names,
                "releases": [found.values() for found in self.releases],
                "volumes": self._volumes(),
            },
        )

    def _volumes(self) -> list[Volume]:
        mounts = list(self.gateway.secrets)
        for found in self.releases:
            mounts += found.secrets
        own = [self.stack.gateway, self.stack.data, *(mount.volume for mount in mounts)]
        named = {volume.name: volume for volume in self.beside.volumes}
        return list({**{name: Volume(name) for name in own}, **named}.values())


def secret_mounts(stack: Stack, versions: Mapping[str, str]) -> tuple[Mount, ...]:
    """Return the volumes of secrets in these versions, and where a container finds them."""
    return tuple(
        Mount(stack.secret(name, version), f"{SECRET_FOLDER}/{name}")
        for name, version in sorted(versions.items())
    )


def _literal(text: str) -> str:
    """Write a text so that compose fills nothing in."""
    return text.replace("$", "$$")
