"""Secret values: one folder a name, one file a version; only root may look.

A version that is proposed has an empty file ``N.proposed`` beside it, from before it is there.
"""

import os
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import remove_folder, sync_folder, write_bytes
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError

_PROPOSED = ".proposed"


def names(agent: Agent, _request: Request) -> dict[str, Any]:
    """Answer the names of the secrets that have a value."""
    folders = agent.places.secrets.iterdir() if agent.places.secrets.is_dir() else ()
    there = sorted(folder.name for folder in folders if folder.is_dir())
    return {"names": [name for name in there if _numbers(agent.places.secrets / name)]}


def versions(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer the versions of a secret, the oldest first, and which of them are proposed only."""
    folder = agent.places.secret_folder(request.text("name"))
    there, proposed = _numbers(folder), _numbers(folder, _PROPOSED)
    return {
        "versions": [str(number) for number in there if number not in proposed],
        "proposed": [str(number) for number in there if number in proposed],
    }


def read(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer a value, or null where there is none."""
    path = agent.places.secret(request.text("name"), request.text("version"))
    try:
        return {"value": path.read_bytes().decode()}
    except FileNotFoundError:
        return {"value": None}


def write(agent: Agent, request: Request) -> dict[str, Any]:
    """Store what follows as a version of a secret; a version once written stays as it is."""
    path = agent.places.secret(request.text("name"), request.text("version"))
    value = request.payload.whole()
    if path.exists():
        if path.read_bytes() == value:
            return {}
        raise RefusedError(f"{path.parent.name} has another version {path.name}.", why="changed")
    _make_folder(agent.places, path.parent)
    if request.flag("proposed"):
        _mark(path).touch(mode=0o600)
    write_bytes(path, value, 0o600)
    return {}


def accept(agent: Agent, request: Request) -> dict[str, Any]:
    """Make a proposed version one that counts."""
    path = agent.places.secret(request.text("name"), request.text("version"))
    _mark(path).unlink(missing_ok=True)
    _sync(path.parent)
    return {}


def withdraw(agent: Agent, request: Request) -> dict[str, Any]:
    """Remove a proposed version."""
    path = agent.places.secret(request.text("name"), request.text("version"))
    # In this order, so that it counts at no moment.
    path.unlink(missing_ok=True)
    _mark(path).unlink(missing_ok=True)
    _sync(path.parent)
    return {}


def remove(agent: Agent, request: Request) -> dict[str, Any]:
    """Remove every version of a secret."""
    folder = agent.places.secret_folder(request.text("name"))
    if folder.is_dir():
        remove_folder(folder)
    return {}


def _make_folder(places: Places, folder: Path) -> None:
    if not places.root.is_dir():
        message = f"There is no {places.root}: the host is not prepared."
        raise RefusedError(message, why="missing")
    for path in (places.secrets, folder):
        path.mkdir(mode=0o700, exist_ok=True)


def _numbers(folder: Path, end: str = "") -> list[int]:
    """Return the versions that have a file of that ending, from the oldest."""
    if not folder.is_dir():
        return []
    found = (name for name in os.listdir(folder) if name.endswith(end))  # noqa: PTH208
    return sorted(int(bare) for name in found if (bare := name.removesuffix(end)).isdecimal())


def _mark(path: Path) -> Path:
    return path.with_name(path.name + _PROPOSED)


def _sync(folder: Path) -> None:
    if folder.is_dir():
        sync_folder(folder)
