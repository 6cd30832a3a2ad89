"""The supervisor: a small process that holds the public address and answers the command line.

`python -m llmops_cli.targets.local.supervisor ROOT`. Messages are those of `channel`; a
connection that promoted or started a candidate and breaks before it was settled has its
candidate taken back, so that a deploy that is killed leaves the old release serving.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmops_cli import __version__
from llmops_cli.targets.local.channel import NoAnswerError, listen
from llmops_cli.targets.local.fleet import Fleet, RefusedError
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.logfile import keep_small
from llmops_cli.targets.local.recovery import find_running, resume

_log = logging.getLogger("supervisor")
_LOOK_SECONDS = 1.0

Message = dict[str, Any]


class Supervisor:
    """Answers messages until it is told to stop."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.fleet = Fleet(layout)
        self.since = datetime.now(UTC)
        self.done = asyncio.Event()
        self._servers: list[asyncio.Server] = []
        self._verbs: dict[str, Callable[[Message], Awaitable[Message]]] = {
            "state": self._state,
            "start": self._start,
            "look": self._look,
            "promote": self._promote,
            "restore": self._restore,
            "settle": self._settle,
            "discard": self._discard,
            "stop": self._stop,
            "leave": self._leave,
        }

    async def run(self) -> None:
        """Recover, answer, and end when told to or signalled."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        running = await find_running(self.fleet)
        async with self.fleet.lock:
            await self._listen()
            try:
                await resume(self.fleet, running)
            except (RefusedError, OSError) as error:
                _log.error("The recorded release could not be started: %s", error)
        watch = loop.create_task(self._look_after_files())
        await self.done.wait()
        watch.cancel()
        self.layout.supervisor_socket.unlink(missing_ok=True)

    async def _listen(self) -> None:
        listening = listen(self.layout.supervisor_socket)
        self._servers.append(await asyncio.start_unix_server(self._converse, sock=listening))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        owned: set[str] = set()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while line := await reader.readline():
                message = json.loads(line)
                answer = await self._answer(message, owned)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()
        for name in owned:
            await self._abandon(name)

    async def _answer(self, message: Message, owned: set[str]) -> Message:
        verb, name = message["do"], message.get("name", "")
        if verb == "start":
            owned.add(name)
        try:
            answer = await self._verbs[verb](message)
        except (RefusedError, NoAnswerError, OSError) as error:
            _log.warning("%s %s was refused: %s", verb, name, error)
            return {"refused": str(error)}
        if verb in ("settle", "discard"):
            owned.discard(name)
        return answer

    async def _state(self, _message: Message) -> Message:
        live = self.fleet.live
        return {
            "pid": os.getpid(),
            "version": __version__,
            "since": self.since.isoformat(),
            "live": live.release if live else None,
            "address": live.address if live else None,
            "addresses": list(self.fleet.listeners),
            "running": bool(live and not live.gone.is_set()),
            "restarts": self.fleet.restarts,
            "exit_code": live.exit_code if live else None,
            "instances": [instance.facts() for instance in self.fleet.instances.values()],
        }

    async def _start(self, message: Message) -> Message:
        async with self.fleet.lock:
            return self.fleet.start(message["release"], message["name"]).facts()

    async def _look(self, message: Message) -> Message:
        return self.fleet.running(message["name"]).facts()

    async def _promote(self, message: Message) -> Message:
        async with self.fleet.lock:
            await self.fleet.promote(message["name"], message["expected"])
        return {}

    async def _restore(self, message: Message) -> Message:
        async with self.fleet.lock:
            await self.fleet.restore(message["name"])
        return {}

    async def _settle(self, message: Message) -> Message:
        async with self.fleet.lock:
            self.fleet.settle(message["name"])
        return {}

    async def _discard(self, message: Message) -> Message:
        async with self.fleet.lock:
            await self.fleet.discard(message["name"])
        return {}

    async def _stop(self, message: Message) -> Message:
        async with self.fleet.lock:
            await self.fleet.end(message.get("grace"))
        self.done.set()
        return {}

    async def _leave(self, _message: Message) -> Message:
        """End without ending a release: the next supervisor takes over what runs."""
        async with self.fleet.lock:
            self.done.set()
        return {}

    async def _abandon(self, name: str) -> None:
        async with self.fleet.lock:
            _log.warning("The deploy of %s was cut off; what was live before it is live", name)
            await self.fleet.restore(name)
            await self.fleet.discard(name)

    def _signalled(self) -> None:
        task = asyncio.get_running_loop().create_task(self._stop({}))
        task.add_done_callback(lambda _task: self.done.set())

    async def _look_after_files(self) -> None:
        """Keep the logs small, and the socket in its place where somebody removed it."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                if not self.layout.supervisor_socket.exists():
                    await self._listen()
                for instance in list(self.fleet.instances.values()):
                    keep_small(self.layout.log(instance.release))
            except OSError as error:
                _log.warning("Looking after the files failed: %s", error)


def main() -> int:
    """Supervise the folder named on the command line, unless somebody does already."""
    layout = Layout(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with layout.supervisor_lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("Another supervisor runs already.")
            return 0
        asyncio.run(Supervisor(layout).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
