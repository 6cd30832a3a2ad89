"""What a new supervisor does first: find the processes that an earlier one left, and go on."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from llmops_cli.targets.local.channel import Channel, NoAnswerError
from llmops_cli.targets.local.fleet import Fleet, RefusedError
from llmops_cli.targets.local.instance import Instance, Role, address_of, connect, drain_seconds_of

_log = logging.getLogger("supervisor")
#: Seconds that a running release has to hand over its public socket. One that does not answer for
#: that long answers nobody else either.
_LEND_SECONDS = 10.0


async def find_running(fleet: Fleet) -> list[Instance]:
    """Take charge of the release processes that run already, and of the sockets they hold."""
    found = await asyncio.gather(*(_adopt(fleet, path) for path in _sockets(fleet)))
    return [instance for instance in found if instance is not None]


async def resume(fleet: Fleet, running: list[Instance]) -> None:
    """Bring the recorded release into service, with the process that runs already if there is one.

    A release process goes on serving when its supervisor dies, and lends its public socket to
    the next one, so that nothing is refused in between. What was promoted but not settled is
    taken back: only a settled release is recorded.
    """
    recorded = fleet.store.live()
    release = recorded.release if recorded and not recorded.is_stopped else None
    chosen = next((instance for instance in running if instance.release == release), None)
    if chosen is not None:
        await _put_into_service(fleet, chosen)
    elif release is not None:
        fleet.begin(release)
    for instance in running:
        if instance is not chosen:
            fleet.retire(instance)


def _sockets(fleet: Fleet) -> list[Path]:
    return sorted(fleet.layout.run.glob("*.instance"))


async def _adopt(fleet: Fleet, path: Path) -> Instance | None:
    name = path.name.removesuffix(".instance")
    try:
        channel, watch = connect(path)
    except NoAnswerError as error:
        _log.info("%s is left over: %s", name, error)
        fleet.layout.forget_instance(name)
        return None
    try:
        asked = asyncio.to_thread(channel.exchange, {"do": "lend"})
        status, lent = await asyncio.wait_for(asked, _LEND_SECONDS)
    except (NoAnswerError, TimeoutError):
        _log.warning("%s runs but does not answer; it is ended", name)
        channel.close()
        watch.close()
        _end(fleet, name)
        return None
    instance = _instance(fleet, name, status, (channel, watch))
    if lent is not None:
        fleet.listeners[instance.address] = socket.socket(fileno=lent)
    fleet.adopt(instance)
    return instance


def _instance(
    fleet: Fleet, name: str, status: Mapping[str, object], lines: tuple[Channel, Channel]
) -> Instance:
    release = fleet.store.read(str(status["release"]))
    return Instance(
        name=name,
        release=str(status["release"]),
        address=address_of(release) if release else str(status["address"]),
        drain_seconds=drain_seconds_of(release) if release else 0,
        private_url="",
        channel=lines[0],
        watch=lines[1],
        role=Role.RETIRING,
        pid=int(str(status["pid"])),
        has_traffic=bool(status["accepting"]),
    )


def _end(fleet: Fleet, name: str) -> None:
    """End a process that holds a socket of ours and cannot be spoken to."""
    try:
        os.killpg(int(fleet.layout.instance_pid(name).read_text(encoding="utf-8")), signal.SIGKILL)
    except (OSError, ValueError) as error:
        _log.error("%s could not be ended: %s", name, error)
    fleet.layout.forget_instance(name)


async def _put_into_service(fleet: Fleet, instance: Instance) -> None:
    instance.role = Role.LIVE
    fleet.live = instance
    try:
        await instance.accept(fleet.listener(instance.address))
    except (NoAnswerError, RefusedError) as error:
        _log.warning("%s does not take the traffic: %s", instance.name, error)
        fleet.retire(instance)
        fleet.begin(instance.release)
