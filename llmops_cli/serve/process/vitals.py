"""Tells systemd how the start goes, when the API is ready, and that its event loop still turns."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing

from llmops_cli.serve.process.systemd import START_BEAT, ServiceManager

#: Seconds for which a start asks for more time; one that takes longer may be ended, and tried anew.
_LONGEST_START = 900.0
#: Seconds for which who connects waits for an API that is not ready, rather than being refused.
_PATIENCE = 30.0
#: Seconds between two questions whether it is ready: at first, and at most. Each is in the log.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_ANSWER_SECONDS = 5.0
_READINESS = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

CreateProtocol = Callable[[], asyncio.Protocol]


class Vitals:
    """Tells of one stage at a time: starting, started, stopping. Needs a running event loop."""

    def __init__(self, manager: ServiceManager, create_protocol: CreateProtocol) -> None:
        self._manager = manager
        self._create_protocol = create_protocol
        self._telling: asyncio.Task[None] | None = None

    def starting(self) -> None:
        """Say from now on that the start goes on."""
        self._tell(self._start())

    def started(self, accept: Callable[[], None]) -> None:
        """Say that the API is ready, once it says so itself and takes traffic.

        ``accept`` is called when it is ready, or has not become so for a while: whoever waits
        shall then hear why. With nobody to tell, it is called at once.
        """
        if self._manager.is_there:
            self._tell(self._become_ready(accept))
        else:
            accept()

    def stopping(self) -> None:
        """Say that the process is about to end; it still gives signs of life."""
        self._manager.stopping()
        self._tell(self._live())

    def close(self) -> None:
        """Say no more."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _tell(self, what: Coroutine[None, None, None]) -> None:
        self.close()
        if self._manager.is_there:
            self._telling = asyncio.create_task(what)
        else:
            what.close()

    async def _start(self) -> None:
        for _ in range(round(_LONGEST_START / START_BEAT)):
            self._manager.starting()
            await asyncio.sleep(START_BEAT)

    async def _become_ready(self, accept: Callable[[], None]) -> None:
        began = asyncio.get_running_loop().time()
        asked, is_accepting, pause = began - START_BEAT, False, _FIRST_PAUSE
        while trouble := await self._trouble():
            now = asyncio.get_running_loop().time()
            if not is_accepting and now - began >= _PATIENCE:
                accept()
                is_accepting = True
            if now - asked >= START_BEAT and now - began < _LONGEST_START:
                self._manager.starting()
                self._manager.waiting(f"Waiting for {trouble}")
                asked = now
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if not is_accepting:
            accept()
        self._manager.ready()
        await self._live()

    async def _live(self) -> None:
        while self._manager.watchdog:
            self._manager.alive()
            await asyncio.sleep(self._manager.watchdog / 2)

    async def _trouble(self) -> str:
        """Ask the API whether it is ready, as anybody would; return what it waits for, or ""."""
        try:
            answer = await asyncio.wait_for(self._asked(), _ANSWER_SECONDS)
        except (TimeoutError, OSError) as error:
            return f"an answer of /health/ready ({type(error).__name__})"
        return _trouble_in(answer)

    async def _asked(self) -> bytes:
        ours, its = socket.socketpair()
        with ours, its:
            its.setblocking(False)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(self._create_protocol, its)
            with closing(transport):
                reader, writer = await asyncio.open_connection(sock=ours)
                with closing(writer):
                    writer.write(_READINESS)
                    return await reader.read()


def _trouble_in(answer: bytes) -> str:
    """Return what is not ready by an answer; an application without such a route is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2:
        return "an answer of /health/ready"
    if words[1] < b"500":
        return ""
    try:
        checks = json.loads(body)["checks"]
        return ", ".join(name for name in checks if not checks[name]["healthy"]) or "itself"
    except (ValueError, LookupError, TypeError):
        return f"/health/ready, which answers {words[1].decode('latin-1')}"
