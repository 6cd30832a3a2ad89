"""Opens a way for the one who logged in to a socket that only root may use."""

from typing import Any

from llmops_cli.hosts.agent import running
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.facts import login_id
from llmops_cli.hosts.agent.pump import Door
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError


def open_door(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer the path of a socket that leads to a release, or to the engine, until we part."""
    places = agent.places
    if request.flag("engine"):
        leads_to = places.engine_socket
    else:
        folder = places.release(request.text("release"))
        leads_to = places.socket(running.run_of(places, folder.name))
    if not leads_to.is_socket():
        raise RefusedError(f"Nothing listens at {leads_to} on the host.", why="missing")
    door = Door(places.run, leads_to, login_id())
    agent.doors.append(door)
    return {"path": str(door.path)}
