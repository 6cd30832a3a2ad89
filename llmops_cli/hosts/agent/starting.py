"""Starts a release and waits until it is ready, or says why it is not."""

import time
from dataclasses import dataclass
from typing import Any

from llmops_cli.hosts.agent import releases, running
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.systemd import Unit
from llmops_cli.hosts.agent.trouble import RefusedError

_LOOK_SECONDS = 0.1
_LINES_SHOWN = 50
_SECONDS = 60.0
_KILL = 9
#: The share of its memory from which on a release is taken to have needed more: it is slowed down
#: before it is killed, and may use more between two looks.
_MUCH = 0.7
#: Words for how systemd says that a service ended.
_ENDS = {
    "oom-kill": "It used more memory than it may, and was killed.",
    "watchdog": "It gave no sign of life for as long as its watchdog waits, and was killed.",
    "timeout": "It did not become ready within the time that its unit gives it.",
    "protocol": "It ended before it said that it is ready.",
    "resources": "systemd could not give it what its unit asks for.",
    "start-limit-hit": "It was started too often in a short time.",
}
#: Exit statuses that systemd itself gives, where a process did not even begin.
_NEVER_BEGAN = {
    200: "its working directory cannot be entered",
    203: "its program cannot be run",
    208: "its standard streams cannot be opened",
    216: "its group does not exist",
    217: "its user does not exist",
    226: "its view of the file system cannot be set up",
    228: "its system calls cannot be restricted",
    238: "its state directory cannot be made",
    243: "its credentials cannot be read",
}


@dataclass(frozen=True)
class Wait:
    """A wait for a release: ``since`` when in seconds since 1970, and for how many seconds.

    It ends by a clock that nobody sets.
    """

    release: str
    since: float
    seconds: float
    until: float


def start(agent: Agent, request: Request) -> dict[str, Any]:
    """Start a release, and answer when it says that it is ready.

    Raises:
        RefusedError: ``missing``, there is none; ``unready``, it ended or takes too long. The
            evidence says how, and holds the last lines that it wrote.
    """
    release = request.text("release")
    if not agent.places.release(release).is_dir():
        raise RefusedError(f"There is no release {release}.", why="missing")
    start_and_wait(agent, release, request.number("seconds", _SECONDS))
    return {}


def start_and_wait(agent: Agent, release: str, seconds: float) -> None:
    """Start a release and wait until it is ready; errors as of `start`."""
    places, units = agent.places, agent.units
    _wait_for_a_run(agent, release)
    running.install(places, units, release)
    if running.service(places, units, release).active == "active":
        return
    socket, service = running.both(places, release)
    wait = Wait(release, time.time(), seconds, time.monotonic() + seconds)
    units.forget_failure(socket, service)
    units.start(socket)
    units.begin(service)
    try:
        _wait(agent, wait)
    except BaseException:
        if release != releases.current(places):
            units.begin_to_stop(socket, service)
        raise


def _wait_for_a_run(agent: Agent, release: str) -> None:
    """Wait until one of the release's runs has no requests any more, where both end some."""
    told = False
    while True:
        running.begin_anew(agent.places, agent.units, release)
        if running.service(agent.places, agent.units, release).active != "deactivating":
            return
        if not told:
            agent.link.tell(f"{release} still ends requests of its last runs.")
            told = True
        agent.link.wait(_LOOK_SECONDS)


def _wait(agent: Agent, wait: Wait) -> None:
    said, used = "", 0
    while True:
        unit = running.service(agent.places, agent.units, wait.release)
        used = max(used, unit.memory or 0)
        if unit.active == "active":
            return
        if unit.active == "failed" or unit.restarts or unit.sub == "auto-restart":
            raise _unready(agent, wait, why_it_ended(unit, used))
        if time.monotonic() > wait.until:
            slow = f"It did not become ready within {wait.seconds:.0f} s."
            raise _unready(agent, wait, " ".join(filter(None, (slow, _memory(unit, used)))))
        if unit.told != said:
            said = unit.told
            agent.link.tell(f"{wait.release}: {said}")
        agent.link.wait(_LOOK_SECONDS)


def why_it_ended(unit: Unit, used: int = 0) -> str:
    """Return in words how a service ended, by what systemd says of it.

    ``used`` is the most memory that it was seen to use, in bytes.
    """
    if unit.result in _ENDS:
        return _ENDS[unit.result]
    if unit.result in ("signal", "core-dump"):
        killed = f"It was killed by signal {unit.status}."
        return f"{killed} {_memory(unit, used)}".strip() if unit.status == _KILL else killed
    if unit.result == "exit-code" and unit.status in _NEVER_BEGAN:
        return f"It did not begin: {_NEVER_BEGAN[unit.status]} (status {unit.status})."
    if unit.result == "exit-code":
        return f"It ended with status {unit.status}."
    return f"It ended before it was ready ({unit.result or 'systemd does not say how'})."


def _memory(unit: Unit, used: int) -> str:
    """Say how little memory was left to it, if it was little; systemd does not always know."""
    if unit.memory_max is None or used < unit.memory_max * _MUCH:
        return ""
    share = f"{used >> 20} MiB of the {unit.memory_max >> 20} MiB of memory that it may use"
    return f"It used {share}: give it more, or let it need less."


def _unready(agent: Agent, wait: Wait, reason: str) -> RefusedError:
    _, name = running.both(agent.places, wait.release)
    lines = agent.units.journal(name, _LINES_SHOWN, wait.since)
    return RefusedError(
        f"{wait.release} is not ready.", why="unready", evidence="\n".join([reason, *lines])
    )
