"""The release processes and who has the traffic. The public sockets are held here, always open.

A promotion is provisional until it is settled: the release before it stands by, paused but
running, and gets the traffic back when the candidate is restored, dies, or loses its deployer.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Coroutine
from datetime import UTC, datetime

from llmops_cli.core.release import Release
from llmops_cli.targets.local import instance as processes
from llmops_cli.targets.local.channel import NoAnswerError
from llmops_cli.targets.local.instance import Instance, Role
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.store import Store

_log = logging.getLogger("supervisor")

#: Seconds before each restart of a live release that keeps ending; the last one repeats.
RESTART_DELAYS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
#: A process that lived this many seconds is restarted at once again.
_STABLE_SECONDS = 60.0
_KILL_SECONDS = 5.0
_LOAD_SECONDS = 120.0
_BACKLOG = 4096


class RefusedError(Exception):
    """What was asked cannot be done; the text is for the operator."""


class Fleet:
    """Starts, switches and ends release processes. One operation at a time (`lock`)."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.store = Store(layout)
        self.instances: dict[str, Instance] = {}
        self.listeners: dict[str, socket.socket] = {}
        self.live: Instance | None = None
        self.standby: Instance | None = None
        self.provisional: str | None = None
        self.lock = asyncio.Lock()
        self.restarts = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, release: str, name: str) -> Instance:
        """Start a candidate beside whatever is live."""
        instance = processes.spawn(self.layout, self._read(release), name, Role.CANDIDATE)
        self.adopt(instance)
        return instance

    def adopt(self, instance: Instance) -> None:
        """Take charge of a running process."""
        self.instances[instance.name] = instance
        instance.watch_for_end(self._ended)

    async def promote(self, name: str, expected: str | None) -> None:
        """Give a candidate the traffic, if the recorded release is still the expected one."""
        candidate = self.running(name)
        recorded = self.store.live()
        found = recorded.release if recorded else None
        if found != expected:
            raise RefusedError(f"{found or 'nothing'} is live now, not {expected or 'nothing'}")
        await self._accept(candidate)
        await self._pause(self.live)
        self.standby, self.live = self.live, candidate
        self.provisional = candidate.name
        candidate.role = Role.LIVE

    async def restore(self, name: str) -> None:
        """Take the traffic back from a candidate that is not settled."""
        if self.provisional != name or self.live is None:
            return
        candidate, self.live, self.standby = self.live, self.standby, None
        self.provisional = None
        if self.live is not None:
            await self._bring_back(self.live)
        await self._pause(candidate)
        candidate.role = Role.RETIRING

    def settle(self, name: str) -> None:
        """Make a promotion permanent, and let the release before it finish and end."""
        candidate = self.running(name)
        if candidate is not self.live:
            raise RefusedError(f"{candidate.release} does not have the traffic")
        self.store.set_live(candidate.release, datetime.now(UTC))
        self.restarts = 0
        self.provisional = None
        if self.standby is not None:
            self.retire(self.standby)
        self.standby = None

    async def discard(self, name: str) -> None:
        """End a candidate; what it still answers is finished first. One that is live by now stays:
        whoever asks may not have heard that it was settled.
        """
        candidate = self.instances.get(name)
        if candidate is None or candidate is self.live:
            return
        if candidate.role is Role.CANDIDATE:
            await candidate.end(_KILL_SECONDS)
            self.instances.pop(name, None)
        else:
            self.retire(candidate)

    def retire(self, instance: Instance) -> None:
        """Let a process finish what it does, then end it, without waiting for that."""
        instance.role = Role.RETIRING
        self._do(instance.end(instance.drain_seconds + _KILL_SECONDS))

    def begin(self, release: str) -> Instance:
        """Start the release that should be live; it takes the traffic once it has loaded."""
        instance = self._spawn_live(release)
        self._do(self._bring_up(instance))
        return instance

    async def end(self, grace: float | None) -> None:
        """End everything: accept no more, finish what is under way, within ``grace`` seconds."""
        self.live, self.standby, ending = None, None, list(self.instances.values())
        for listening in self.listeners.values():
            listening.close()
        self.listeners.clear()
        for instance in ending:
            instance.role = Role.RETIRING
        await asyncio.gather(*(i.end(grace or i.drain_seconds + _KILL_SECONDS) for i in ending))

    def running(self, name: str) -> Instance:
        """Return a running instance.

        Raises:
            RefusedError: there is none of that name.
        """
        instance = self.instances.get(name)
        if instance is None:
            raise RefusedError(f"{name} is not running")
        return instance

    def listener(self, address: str) -> socket.socket:
        """Return the public socket for a ``host:port``, bound now if it is not yet.

        Raises:
            RefusedError: the address cannot be bound.
        """
        if address not in self.listeners:
            try:
                self.listeners[address] = _bound(address)
            except OSError as error:
                raise RefusedError(f"{address} cannot be bound: {error.strerror}") from error
        return self.listeners[address]

    def _read(self, release: str) -> Release:
        found = self.store.read(release)
        if found is None:
            raise RefusedError(f"there is no release folder {release}")
        return found

    async def _accept(self, instance: Instance) -> None:
        try:
            await instance.accept(self.listener(instance.address))
        except NoAnswerError as error:
            raise RefusedError(f"{instance.release} does not take the traffic: {error}") from error

    async def _pause(self, instance: Instance | None) -> None:
        if instance is None:
            return
        instance.role = Role.STANDBY
        try:
            await instance.pause()
        except NoAnswerError as error:
            _log.warning("%s could not be paused: %s", instance.name, error)
            instance.signal(signal.SIGKILL)

    async def _bring_back(self, instance: Instance) -> None:
        instance.role = Role.LIVE
        try:
            await self._accept(instance)
        except RefusedError:
            again = self._spawn_live(instance.release)
            await again.ask("status", seconds=_LOAD_SECONDS)
            await self._accept(again)

    def _ended(self, instance: Instance) -> None:
        _log.info("%s ended with %s as %s", instance.name, instance.exit_code, instance.role)
        self.layout.forget_instance(instance.name)
        if instance.role is not Role.CANDIDATE:
            self.instances.pop(instance.name, None)
        if instance.role is Role.LIVE:
            self._do(self._replace(instance))
        self._close_unused_listeners()

    async def _replace(self, instance: Instance) -> None:
        async with self.lock:
            if instance is not self.live:
                return
            if self.provisional == instance.name:
                await self.restore(instance.name)
                return
        await self._restart(instance)

    async def _restart(self, instance: Instance) -> None:
        await asyncio.sleep(RESTART_DELAYS[min(self.restarts, len(RESTART_DELAYS) - 1)])
        self.restarts += 1
        async with self.lock:
            if self.live is not instance:
                return
            try:
                self.begin(instance.release)
            except (OSError, RefusedError) as error:
                _log.warning("%s could not be started: %s", instance.release, error)
                self._do(self._restart(instance))

    def _spawn_live(self, release: str) -> Instance:
        name = processes.new_name(release)
        instance = processes.spawn(self.layout, self._read(release), name, Role.LIVE)
        self.live = instance
        self.adopt(instance)
        return instance

    async def _bring_up(self, instance: Instance) -> None:
        try:
            await instance.ask("status", seconds=_LOAD_SECONDS)
            async with self.lock:
                if self.live is instance:
                    await self._accept(instance)
        except (NoAnswerError, RefusedError) as error:
            _log.warning("%s does not come up: %s", instance.name, error)
            instance.signal(signal.SIGTERM)
            return
        await self._forgive(instance)

    async def _forgive(self, instance: Instance) -> None:
        try:
            await asyncio.wait_for(instance.gone.wait(), _STABLE_SECONDS)
        except TimeoutError:
            self.restarts = 0

    def _close_unused_listeners(self) -> None:
        serving = (*self.instances.values(), self.live, self.standby)
        used = {instance.address for instance in serving if instance is not None}
        for address in set(self.listeners) - used:
            self.listeners.pop(address).close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bound(address: str) -> socket.socket:
    host, _colon, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
