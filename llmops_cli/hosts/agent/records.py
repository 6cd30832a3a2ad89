"""Names of releases, and the history: what was done, one line an event."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent import releases
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import write_json
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError

_CHUNK = 64 * 1024


def name(agent: Agent, request: Request) -> dict[str, Any]:
    """Give a release names; a name that another release bore moves."""
    release, given = request.text("release"), request.texts("names")
    if releases.deployed(agent.places, release) is None:
        raise RefusedError(f"There is no release {release}.", why="missing")
    with _alone(agent.places):
        found = releases.names(agent.places)
        write_json(agent.places.names, {**found, **dict.fromkeys(given, release)})
    return {}


def unname(agent: Agent, request: Request) -> dict[str, Any]:
    """Take a name away, and answer whether any release bore it."""
    with _alone(agent.places):
        found = releases.names(agent.places)
        was = found.pop(request.text("name"), None) is not None
        if was:
            write_json(agent.places.names, found)
    return {"was": was}


def record(agent: Agent, request: Request) -> dict[str, Any]:
    """Add a line to the history."""
    line = request.text("line").strip()
    try:
        json.loads(line)
    except ValueError as error:
        raise RefusedError("The event is not one line of JSON.") from error
    # A line that was cut off by a full disk or a fall of power shall not spoil this one.
    start = b"" if _ends_whole(agent.places.history) else b"\n"
    descriptor = os.open(agent.places.history, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, start + line.replace("\n", " ").encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return {}


def history(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer the last events, the newest first."""
    return {"lines": _last_lines(agent.places.history, request.whole_number("limit"))[::-1]}


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Let one at a time read and write the names: they are given without the lock, too."""
    descriptor = os.open(places.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ends_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"
    except FileNotFoundError:
        return True


def _last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a file, reading no more than they need."""
    if count <= 0 or not path.exists():
        return []
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        chunks: list[bytes] = []
        found = 0
        while position > 0 and found <= count:
            step = min(_CHUNK, position)
            position = file.seek(position - step)
            chunks.append(file.read(step))
            found += chunks[-1].count(b"\n")
    return b"".join(reversed(chunks)).decode(errors="replace").splitlines()[-count:]
