"""The verbs that move the traffic, and those that end what serves nobody any more."""

import shutil
import time
from typing import Any

from llmops_cli.hosts.agent import asking, environments, releases, running, switch
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.starting import start_and_wait
from llmops_cli.hosts.agent.trouble import RefusedError
from llmops_cli.hosts.agent.writing import manifest_of

_LOOK_SECONDS = 0.1
#: Seconds that a candidate may take to end requests before its folder is left for later.
_DISCARD_SECONDS = 10.0
_START_SECONDS = 120.0
#: Seconds after which a download of pip that nobody used again is removed.
_DOWNLOADS_KEPT = 90 * 24 * 3600.0


def promote(agent: Agent, request: Request) -> dict[str, Any]:
    """Let a release that runs have the traffic of ``expected``, or of none."""
    release = request.text("release")
    unit = running.service(agent.places, agent.units, release)
    if unit.active != "active":
        raise RefusedError(f"{release} does not run ({unit.active}).", why="unready")
    if switch.pending(agent.places) is not None:
        raise RefusedError("A promotion is not settled yet.")
    switch.promote(agent.places, release, request.maybe_text("expected"))
    return {}


def confirm(agent: Agent, request: Request) -> dict[str, Any]:
    """Ask nginx, over new connections, until it leads to the release so many times in a row."""
    release, times = request.text("release"), request.whole_number("times")
    port, server_name = request.whole_number("port"), request.text("server_name")
    until = time.monotonic() + request.number("seconds")
    count, last = 0, ""
    while count < times:
        last = _answer(port, server_name)
        count = count + 1 if last == release else 0
        if time.monotonic() > until and count < times:
            message = f"nginx does not lead to {release} at port {port}."
            raise RefusedError(message, why="unready", evidence=f"The last answer: {last}")
        agent.link.wait(0.0 if count else _LOOK_SECONDS)
    return {}


def restore(agent: Agent, request: Request) -> dict[str, Any]:
    """Let what served before have the traffic again; nothing happens where it has."""
    note = switch.pending(agent.places)
    if note is not None and note.candidate != request.text("release"):
        raise RefusedError(f"Not settled is {note.candidate}.", why="changed")
    switch.take_back(agent.places)
    return {"current": releases.current(agent.places)}


def settle(agent: Agent, request: Request) -> dict[str, Any]:
    """Make the promotion final; what served before ends when its requests have."""
    release, places = request.text("release"), agent.places
    live = releases.current(places)
    if live != release:
        raise RefusedError(f"{live or 'No release'} is live, not {release}.", why="changed")
    switch.settle(places)
    running.begin_to_stop_others(places, agent.units)
    _keep_up(agent)
    return {}


def discard(agent: Agent, request: Request) -> dict[str, Any]:
    """End a candidate that has no traffic, and remove it if it was never live."""
    release, places = request.text("release"), agent.places
    folder = places.release(release)
    if releases.current(places) == release:
        raise RefusedError(f"{release} is live.")
    if running.service(places, agent.units, release).is_wanted:
        agent.units.begin_to_stop(*running.both(places, release))
    until = time.monotonic() + _DISCARD_SECONDS
    while running.service(places, agent.units, release).is_running:
        if time.monotonic() > until:
            return {"removed": False}
        agent.link.wait(_LOOK_SECONDS)
    is_doomed = folder.is_dir() and releases.deployed(places, release) is None
    if is_doomed:
        running.forget(places, agent.units, release)
    return {"removed": is_doomed}


def retire(agent: Agent, request: Request) -> dict[str, Any]:
    """Remove old releases, and what only they had.

    The live release, the one it would go back to, every named one, every one that still has a
    process, and besides them the ``keep`` that were live last, stay.
    """
    places = agent.places
    doomed = _doomed(agent, request.whole_number("keep"))
    running.forget(places, agent.units, *doomed)
    _remove_unused(places)
    return {"retired": doomed}


def begin(agent: Agent, _request: Request) -> dict[str, Any]:
    """Start what is current, now and at every boot."""
    live = releases.current(agent.places)
    if live is None:
        raise RefusedError("There is no release yet.", why="missing")
    start_and_wait(agent, live, _START_SECONDS)
    _keep_up(agent)
    return {}


def halt(agent: Agent, request: Request) -> dict[str, Any]:
    """Stop what is current until it is begun again; after ``grace`` seconds it is killed."""
    places, units = agent.places, agent.units
    live = releases.current(places)
    grace = request.number("grace") if request.details.get("grace") is not None else None
    units.disable(places.boot_unit)
    if live is not None:
        units.begin_to_stop(*running.both(places, live))
        until = None if grace is None else time.monotonic() + grace
        while running.service(places, units, live).is_running:
            if until is not None and time.monotonic() > until:
                units.kill(running.both(places, live)[1])
            agent.link.wait(_LOOK_SECONDS)
    units.stop(places.boot_unit)
    return {}


def _answer(port: int, server_name: str) -> str:
    try:
        return asking.at_port(port, server_name)
    except OSError as error:
        return str(error)


def _keep_up(agent: Agent) -> None:
    """Have the boot start what is current; an operator's stop is over."""
    agent.units.enable(agent.places.boot_unit)
    agent.units.start(agent.places.boot_unit)


def _doomed(agent: Agent, keep: int) -> list[str]:
    places = agent.places
    live = releases.current(places)
    runs = running.with_processes(places, agent.units)
    protected = {*releases.names(places).values(), *runs, live}
    if live is not None:
        protected.add(releases.previous_of(places, live))
    others = [release for release in releases.ids(places) if release not in protected]
    was_live = [release for release in others if releases.deployed(places, release)]
    return [release for release in others if release not in was_live[:keep]]


def _remove_unused(places: Places) -> None:
    """Remove what no release has any more: an object's only link is then its own."""
    used = {
        str(manifest_of(places.release(one)).get("environment")) for one in releases.ids(places)
    }
    for folder in environments.unused(places, used):
        shutil.rmtree(folder, ignore_errors=True)
    for file in places.objects.iterdir() if places.objects.is_dir() else ():
        if file.stat().st_nlink == 1:
            file.unlink()
    oldest = time.time() - _DOWNLOADS_KEPT
    for file in (places.environments / "downloads").rglob("*"):
        if file.is_file() and file.stat().st_mtime < oldest:
            file.unlink()
