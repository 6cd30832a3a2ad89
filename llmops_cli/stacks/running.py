"""The services of a stack as its engine has them now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError
from llmops_cli.stacks.stack import DATA, DEFINITION, ROLE, SERVICE, STACK, Stack

_ATTEMPTS = 5


@dataclass(frozen=True)
class Running:
    """The container of a service, running or not.

    ``state`` is as in ``docker ps``; ``health`` is empty where its image has no health check;
    ``restarts`` is how often the engine had to start it again since it was made.
    """

    service: str
    id: str
    name: str
    state: str
    health: str
    exit_code: int
    restarts: int
    definition: str

    @property
    def is_up(self) -> bool:
        """Whether it runs, and is not still on its way to be healthy."""
        return self.state == "running" and self.health != "starting"

    @property
    def is_well(self) -> bool:
        """Whether it runs, and says that it is healthy where it can say so."""
        return self.state == "running" and self.health in ("", "healthy")

    def told(self, definition: str | None) -> str:
        """Say how it is, and whether the project has another ``definition`` for it by now."""
        is_changed = definition not in (None, self.definition)
        changed = ", changed since: llmops start" if is_changed else ""
        # What has ended keeps the health that it had last.
        health = self.health if self.state == "running" else ""
        return f"{health or self.state}{changed}"


def services_on(engine: Engine, stack: Stack) -> list[Running]:
    """Return the services of a stack that have a container.

    Raises:
        PreflightError: no engine answers.
        EngineError: it refuses.
    """
    return [_running(found) for found in containers_on(engine, stack, DATA)]


def containers_on(engine: Engine, stack: Stack, role: str = "") -> list[dict[str, Any]]:
    """Return what the engine says of a stack's containers: of those of one role, or of all.

    Raises:
        PreflightError: no engine answers.
        EngineError: it refuses.
    """
    wanted = [f"label={STACK}={stack.name}", *([f"label={ROLE}={role}"] if role else [])]
    filters = [word for label in wanted for word in ("--filter", label)]
    for attempt in range(_ATTEMPTS):
        ids = engine.run("ps", "--all", "--quiet", "--no-trunc", *filters).decode().split()
        try:
            return inspected_on(engine, ids)
        except EngineError:
            # One that was there has just gone.
            if attempt == _ATTEMPTS - 1:
                raise
    return []


def inspected_on(engine: Engine, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the engine says of containers, by their ids or names.

    Raises:
        EngineError: one of them is not there.
    """
    if not names:
        return []
    found: list[dict[str, Any]] = json.loads(engine.run("container", "inspect", *names))
    return found


def _running(document: Mapping[str, Any]) -> Running:
    state, labels = document["State"], document["Config"].get("Labels") or {}
    return Running(
        service=labels.get(SERVICE, ""),
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state["ExitCode"],
        restarts=document.get("RestartCount", 0),
        definition=labels.get(DEFINITION, ""),
    )
