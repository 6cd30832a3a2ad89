"""What everything that belongs to one stack is called, and the labels by which it is found."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.core.release import Release

#: Every container, volume and network of a stack bears this label; nothing else is ever touched.
STACK = "llmops.stack"
#: What a container is there for.
ROLE = "llmops.role"
#: The service of a release's container, and the record of that release as JSON.
SERVICE = "llmops.service"
RECORD = "llmops.record"
#: What a service was made from, so that a change of it shows.
DEFINITION = "llmops.definition"

API, GATEWAY, DATA, KEEPER, LOCK = "api", "gateway", "service", "keeper", "lock"


@dataclass(frozen=True)
class Stack:
    """A stack by its name, which is also its name as a project of Docker Compose."""

    name: str

    def labels(self, role: str) -> Mapping[str, str]:
        """Return the labels of a part of the stack."""
        return {STACK: self.name, ROLE: role}

    @property
    def network(self) -> str:
        """The network on which the parts of the stack find each other."""
        return f"{self.name}_default"

    @property
    def lock(self) -> str:
        """The container whose being there is the lock."""
        return f"{self.name}-lock"

    @property
    def keeper(self) -> str:
        """The container, never started, through which the records are read and written."""
        return f"{self.name}-records"

    @property
    def records(self) -> str:
        """The volume of the records."""
        return f"{self.name}_records"

    @property
    def gateway(self) -> str:
        """The volume of the gateway's configuration."""
        return f"{self.name}_gateway"

    @property
    def data(self) -> str:
        """The volume of the API's own data, shared by all releases."""
        return f"{self.name}_data"

    def config(self, service: str, version: str) -> str:
        """The volume of a service's configuration in one version."""
        return f"{self.name}_config_{service}_{version}"

    def secret(self, name: str, version: str) -> str:
        """The volume of one version of a secret."""
        return f"{self.name}_secret_{name}_{version}"


def service_of(release: Release, number: int = 1) -> str:
    """Return the service of a release: its container's name on the network.

    A second container of one release has a number; it is needed while the first still finishes
    the requests that it was given when it was live before.
    """
    name = f"api-{release.id.replace('.', '-')}"
    return name if number == 1 else f"{name}-n{number}"
