"""Files of releases by what they hold: sent once, hard-linked into every release that has them."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import partial_of, sync_disk
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Payload, Request
from llmops_cli.hosts.agent.trouble import RefusedError

#: The sha256 of what a file holds; one that may be run is another file.
_KEY = re.compile(r"[0-9a-f]{64}x?")


def missing(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer which of these objects the host does not have."""
    wanted = dict.fromkeys(map(_checked, request.texts("objects")))
    return {"missing": [key for key in wanted if not path_of(agent.places, key).exists()]}


def put(agent: Agent, request: Request) -> dict[str, Any]:
    """Take objects, one after another as they are listed, each whole or not at all.

    Those that came before the connection was lost, or before one arrived damaged, are kept.
    """
    agent.places.objects.mkdir(exist_ok=True)
    came: dict[Path, Path] = {}
    try:
        for key, size in _listed(request):
            partial = _receive(agent.places, key, request.payload, size)
            came[partial] = path_of(agent.places, key)
    finally:
        _keep(agent.places, came)
    return {}


def path_of(places: Places, key: str) -> Path:
    """Return where an object is, or would be."""
    return places.objects / _checked(key)


def _listed(request: Request) -> list[tuple[str, int]]:
    try:
        return [(_checked(key), int(size)) for key, size in request.listed("objects")]
    except (TypeError, ValueError) as error:
        raise RefusedError("put needs objects as a list of keys and sizes.") from error


def _receive(places: Places, key: str, payload: Payload, size: int) -> Path:
    partial = partial_of(path_of(places, key))
    found = hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for part in payload.parts(size):
                found.update(part)
                file.write(part)
        if found.hexdigest() != key.removesuffix("x"):
            raise RefusedError(f"The object {key} arrived as something else.", why="damaged")
        partial.chmod(0o555 if key.endswith("x") else 0o444)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _keep(places: Places, came: Mapping[Path, Path]) -> None:
    """Give objects their names, once all that they hold is on the disk."""
    if came:
        sync_disk(places.objects)
    for partial, path in came.items():
        partial.rename(path)


def _checked(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise RefusedError(f"{key!r} cannot be the key of an object.")
    return key
