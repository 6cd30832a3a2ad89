"""What the unit APP.service runs: brings up what is current after a boot, takes it down before."""

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

from llmops_cli.hosts.agent import releases, running
from llmops_cli.hosts.agent.lock import take
from llmops_cli.hosts.agent.order import put_in_order
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Units
from llmops_cli.hosts.agent.trouble import RefusedError


def boot(places: Places, units: Units) -> Iterator[str]:
    """Put in order what the last boot left, begin what is current, and yield what was done."""
    try:
        lock = take(places.lock, _holder())
    except RefusedError as error:
        # Somebody deploys, and starts this unit on the way: the order is theirs.
        if error.why != "locked":
            raise
    else:
        yield from put_in_order(places, units)
        lock.free()
    live = releases.current(places)
    if live is None:
        yield "There is no release yet."
        return
    running.install(places, units, live)
    # Waiting here would hold up the boot, and could wait for itself.
    units.begin(*running.both(places, live))
    yield f"{live} begins."


def halt(places: Places, units: Units) -> Iterator[str]:
    """Stop what is current, when it has ended its requests, and yield what was done."""
    live = releases.current(places)
    if live is None:
        return
    try:
        units.begin_to_stop(*running.both(places, live))
        # Not for the socket: where the host goes down, that one waits until we have ended.
        units.stop(running.both(places, live)[1])
    except RefusedError as error:
        # Where the host goes down, systemd ends it by itself, and answers nobody any more.
        yield f"{live} is left to systemd: {error.evidence}"
        return
    yield f"{live} has ended."


def _holder() -> str:
    holder = {
        "owner": "root",
        "command": "the boot",
        "since": datetime.now(UTC).isoformat(),
        "process": os.getpid(),
        "host": socket.gethostname(),
    }
    return json.dumps(holder)
