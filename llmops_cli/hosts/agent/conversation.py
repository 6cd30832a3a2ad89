"""A conversation: questions are answered one after another, and its end leaves things in order."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.hosts.agent.link import Link
from llmops_cli.hosts.agent.lock import Lock
from llmops_cli.hosts.agent.order import put_in_order
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.pump import Door
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.systemd import Units
from llmops_cli.hosts.agent.trouble import LostError, RefusedError

_FULL = frozenset({28, 122})  # ENOSPC and EDQUOT


@dataclass
class Agent:
    """What verbs work with: the places, systemd, who asked, and what is held until they go."""

    places: Places
    units: Units
    link: Link
    archive: bytes = b""
    lock: Lock | None = None
    doors: list[Door] = field(default_factory=list)


@dataclass(frozen=True)
class Verb:
    """A question that can be asked; ``is_locked`` means only by who holds the lock."""

    run: Callable[[Agent, Request], dict[str, Any]]
    is_locked: bool = False


def converse(agent: Agent, verbs: Mapping[str, Verb]) -> None:
    """Answer until who asks is gone; then put back what they left half done."""
    try:
        for request in agent.link.requests():
            if agent.lock and agent.link.lost.is_set():
                break
            _answer(agent, verbs, request)
    except LostError:
        pass
    finally:
        _leave(agent)


def _answer(agent: Agent, verbs: Mapping[str, Verb], request: Request) -> None:
    try:
        verb = verbs.get(request.verb)
        if verb is None:
            raise RefusedError(f"The agent knows no {request.verb!r}.")
        if verb.is_locked and agent.lock is None:
            raise RefusedError(f"{request.verb} needs the lock.")
        answer = verb.run(agent, request)
        request.payload.skip()
    except Exception as error:
        if isinstance(error, LostError):
            raise
        request.payload.skip()
        agent.link.refuse(refusal_of(error))
    else:
        agent.link.answer(answer)


def refusal_of(error: Exception) -> RefusedError:
    """Return an error as what is answered."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return RefusedError("The disk of the host is full.", why="full", evidence=str(error))
    return RefusedError(
        "The agent could not do it.", why="failed", evidence=f"{type(error).__name__}: {error}"
    )


def _leave(agent: Agent) -> None:
    for door in agent.doors:
        door.close()
    if agent.lock is not None:
        with contextlib.suppress(RefusedError, OSError):
            put_in_order(agent.places, agent.units)
        agent.lock.free()
