"""What the services of a profile have around them: the API in a container, or on the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llmops_cli.config.compose_target import ModelServer


class StackSettings(Protocol):
    """What a project says of the services, whatever the kind of target that they belong to."""

    @property
    def profile(self) -> str: ...
    @property
    def litellm(self) -> str: ...
    @property
    def images(self) -> Mapping[str, str]: ...
    @property
    def vllm(self) -> ModelServer: ...
    @property
    def tei(self) -> ModelServer: ...
    @property
    def grafana_port(self) -> int: ...
    @property
    def mlflow_port(self) -> int: ...


@dataclass(frozen=True)
class MachineApi:
    """An API that runs on the machine itself: the name and port at which it is asked there.

    ``is_certified`` says whether everybody trusts its certificate.
    """

    server_name: str
    port: int
    is_certified: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Where the API is. Without ``api`` it is in containers on the network of the services.

    ``ports`` are those of 127.0.0.1 of the machine at which it reaches services, by service.
    """

    api: MachineApi | None = None
    ports: Mapping[str, int] = field(default_factory=dict)

    def address(self, service: str, port: int) -> str:
        """Return where the API finds a service that listens on a port inside its container."""
        published = self.ports.get(service)
        return f"127.0.0.1:{published}" if published else f"{service}:{port}"


#: The API is a container among the others, behind a gateway.
IN_CONTAINERS = Surroundings()
