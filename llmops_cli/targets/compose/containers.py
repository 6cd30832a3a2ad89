"""The containers of a stack, as the engine has them now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.engine.docker import Engine
from llmops_cli.stacks.running import containers_on, inspected_on
from llmops_cli.stacks.stack import API, RECORD, ROLE, SERVICE, Stack
from llmops_cli.targets.documents import release_from


@dataclass(frozen=True)
class Container:
    """A container: ``state`` is as in ``docker ps``; ``address`` is its IP address on the stack's
    network while it runs; ``health`` is empty where its image has no health check.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    state: str
    health: str
    address: str
    exit_code: int
    restarts: int
    started_at: str
    image: str
    ports: Sequence[str]
    created: datetime
    stop_signal: str
    restart_policy: str

    @property
    def role(self) -> str:
        """What it is there for."""
        return self.labels.get(ROLE, "")

    @property
    def service(self) -> str:
        """Its name on the network of the stack."""
        return self.labels.get(SERVICE, "")

    @property
    def comes_back(self) -> bool:
        """Whether the engine starts it again when it ends: it does so with what is live."""
        return self.restart_policy not in ("", "no")

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return self.state == "running"

    @property
    def release(self) -> Release | None:
        """The release that it is a container of."""
        record = self.labels.get(RECORD)
        return release_from(json.loads(record)) if record else None


def containers_of(engine: Engine, stack: Stack) -> list[Container]:
    """Return every container of a stack, running or not.

    Raises:
        PreflightError: no engine answers.
        EngineError: it refuses.
    """
    return [_container(document, stack) for document in containers_on(engine, stack)]


def inspected(engine: Engine, stack: Stack, names: Sequence[str]) -> list[Container]:
    """Return containers by their ids or names.

    Raises:
        EngineError: one of them is not there.
    """
    return [_container(document, stack) for document in inspected_on(engine, names)]


def releases_among(containers: Sequence[Container]) -> list[Container]:
    """Return the containers that are of releases."""
    return [found for found in containers if found.role == API and found.release is not None]


def _container(document: Mapping[str, Any], stack: Stack) -> Container:
    state = document["State"]
    settings = document["NetworkSettings"]
    network = (settings.get("Networks") or {}).get(stack.network) or {}
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        labels=document["Config"].get("Labels") or {},
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        address=network.get("IPAddress", ""),
        exit_code=state["ExitCode"],
        restarts=document.get("RestartCount", 0),
        started_at=state["StartedAt"],
        image=document["Image"],
        created=datetime.fromisoformat(document["Created"]),
        restart_policy=document["HostConfig"]["RestartPolicy"]["Name"],
        stop_signal=document["Config"].get("StopSignal") or "SIGTERM",
        ports=tuple(_published(document["HostConfig"].get("PortBindings") or {})),
    )


def _published(bindings: Mapping[str, Any]) -> list[str]:
    hosts = [host for port in bindings.values() for host in port or ()]
    return [f"{host.get('HostIp', '')}:{host.get('HostPort', '')}" for host in hosts]
