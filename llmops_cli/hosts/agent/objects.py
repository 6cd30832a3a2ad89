"""Files of releases by what they hold: sent once, hard-linked into every release that has them."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import PARTIAL
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
    """Take objects, one after another as they are listed, each whole or not at all."""
    agent.places.objects.mkdir(exist_ok=True)
    for key, size in _listed(request):
        _write(agent.places, key, request.payload, size)
    return {}


def path_of(places: Places, key: str) -> Path:
    """Return where an object is, or would be."""
    return places.objects / _checked(key)


def _listed(request: Request) -> list[tuple[str, int]]:
    try:
        return [(_checked(key), int(size)) for key, size in request.listed("objects")]
    except (TypeError, ValueError) as error:
        raise RefusedError("put needs objects as a list of keys and sizes.") from error


def _write(places: Places, key: str, payload: Payload, size: int) -> None:
    partial = places.objects / f"{PARTIAL}{key}.{os.getpid()}"
    found = hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for part in payload.parts(size):
                found.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if found.hexdigest() != key.removesuffix("x"):
            raise RefusedError(f"The object {key} arrived as something else.", why="damaged")
        partial.chmod(0o555 if key.endswith("x") else 0o444)
        partial.rename(path_of(places, key))
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _checked(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise RefusedError(f"{key!r} cannot be the key of an object.")
    return key
