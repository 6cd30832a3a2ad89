"""Taking the lock, keeping it, and letting it go."""

import contextlib
import hashlib
from typing import Any

from llmops_cli.hosts.agent import lock
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import write_bytes
from llmops_cli.hosts.agent.order import put_in_order
from llmops_cli.hosts.agent.pump import sweep_doors
from llmops_cli.hosts.agent.request import Request

_LEASE_SECONDS = 30.0


def take(agent: Agent, request: Request) -> dict[str, Any]:
    """Take the lock, put in order what its last holder left, and keep this agent on the host."""
    holder, lease = request.text("holder"), request.number("lease", _LEASE_SECONDS)
    if agent.lock is not None:
        # What is not settled is this conversation's own: nobody left it behind.
        agent.link.lease = lease
        return {"order": []}
    agent.lock = lock.take(agent.places.lock, holder)
    agent.link.lease = lease
    sweep_doors(agent.places.run)
    done = put_in_order(agent.places, agent.units)
    # It may go to a full disk, and one must still be able to go back then.
    with contextlib.suppress(OSError):
        keep_agent(agent)
    return {"order": done}


def free(agent: Agent, _request: Request) -> dict[str, Any]:
    """Put back what is not settled, and let others have the lock."""
    if agent.lock is None:
        return {"order": []}
    done = put_in_order(agent.places, agent.units)
    agent.lock.free()
    agent.lock, agent.link.lease = None, None
    return {"order": done}


def keep_agent(agent: Agent) -> None:
    """Keep this agent where the next login, and the boot, find it."""
    path = agent.places.agent
    if not agent.archive or (
        path.exists() and _sha256(path.read_bytes()) == _sha256(agent.archive)
    ):
        return
    write_bytes(path, agent.archive)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
