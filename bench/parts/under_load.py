"""Deploys and rollbacks in turn while clients ask without pause, and what became of the answers."""

import json
import time
from collections.abc import Callable

from tests.load import loaded
from tests.project import Project


def seconds_of(do: Callable[[], object]) -> float:
    """Do something, and return the seconds that it took."""
    started = time.monotonic()
    do()
    return time.monotonic() - started


def under_load(
    project: Project, *, rounds: int, connections: int, streams: int, tokens: int
) -> None:
    """Deploy a changed prompt and go back, ``rounds`` times, and print what the clients saw."""
    started = time.monotonic()
    with loaded(project, connections=connections, streams=streams, tokens=tokens) as load:
        for number in range(rounds):
            project.change(f"Prompt {number}.")
            project.ok("deploy")
            project.ok("rollback")
    seconds = time.monotonic() - started
    found = {
        "requests": load.requests,
        "not 200": load.bad,
        "socket errors": load.socket_errors,
        "streams": load.streams,
        "truncated": len(load.truncated),
    }
    print(f"under load: {rounds * 2} deploys and rollbacks in {seconds:.0f} s: {json.dumps(found)}")
