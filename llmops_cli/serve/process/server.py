"""Runs the application on uvicorn, with listeners that can be handed over and drained."""

import asyncio
import contextlib
import faulthandler
import gc
import logging
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from llmops_cli.serve.process import watch
from llmops_cli.serve.process.control import Control
from llmops_cli.serve.process.listener import Listener
from llmops_cli.serve.process.protocol import DrainingProtocol
from llmops_cli.serve.process.settings import ServerSettings
from llmops_cli.serve.process.stopping import Stopping
from llmops_cli.serve.process.vitals import Vitals

_log = logging.getLogger("llmops.serve")

#: Idle seconds after which a kept-alive connection is closed. Longer than the idle time-outs of
#: the usual load balancers (60 s), which otherwise send a request into a closing connection.
_KEEP_ALIVE_SECONDS = 75
_POLL_SECONDS = 0.02
#: Time for requests that are cut off to say so to their clients.
_CUT_SECONDS = 0.5
#: Waiting connections that the kernel holds; it caps this at its own limit.
BACKLOG = 4096


def run(
    application: Callable[..., Any],
    settings: ServerSettings,
    stopping: Stopping,
    *,
    needs_lifespan: bool = True,
) -> int:
    """Serve until SIGTERM or SIGINT, then drain; return the exit status.

    It is 0 after a stop, even when requests had to be cut off at the end of the drain time, and 1
    when the start failed or a second signal ended everything at once. Without ``needs_lifespan``
    the application may be one that knows no lifespan.
    """
    config = uvicorn.Config(
        application,
        http=DrainingProtocol,
        ws="none",
        lifespan="on" if needs_lifespan else "auto",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        backlog=BACKLOG,
    )
    server = Server(config, settings, stopping)
    if settings.manager.is_there:
        # Where an event loop hangs that the watchdog ends, the journal then shows.
        faulthandler.enable()
    server.run()
    return 0 if server.started and not server.force_exit else 1


class Server(uvicorn.Server):
    """A uvicorn server whose public traffic can be started, paused and handed on."""

    def __init__(
        self, config: uvicorn.Config, settings: ServerSettings, stopping: Stopping
    ) -> None:
        super().__init__(config)
        self.settings = settings
        self._stopping = stopping
        self._keeps_listening = False
        self.public: Listener | None = None
        self._private: Listener | None = None
        self._control: Control | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._vitals = Vitals(settings.manager, self._protocol)

    def accept(self, listening: socket.socket) -> None:
        """Take public traffic on a listening socket; kept-alive connections stay open again."""
        if self.public is not None:
            self.public.close()
        self._stop_draining()
        self.public = Listener(listening, self._protocol)

    def pause(self) -> None:
        """Take no new public connection, and bring the open ones to an end."""
        if self.public is not None:
            self.public.close()
            self.public = None
        self._start_draining()

    def stop(self) -> None:
        """Drain and end. Whoever says this has another process that takes the traffic."""
        self._stopping.is_announced = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen; a failed start exits with uvicorn's status."""
        self._vitals.starting()
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            self.should_exit = True
            return
        self.servers = []
        try:
            self._listen()
        except OSError as error:
            _log.error("%s cannot be listened on: %s", self.settings.address, error.strerror)
            await self.lifespan.shutdown()
            self.should_exit = True
            return
        if self.settings.control is not None:
            self._control = Control(socket.socket(fileno=self.settings.control), self)
        self._watch = asyncio.create_task(
            watch.give_up_on_the_slow(self._open, self.settings.body, _KEEP_ALIVE_SECONDS)
        )
        # What is there by now stays: the collector need not look at it again and again, which
        # would hold up every request for some 30 ms each time.
        gc.freeze()
        self.started = True
        self._vitals.started(self._accept_handed_over)

    def _accept_handed_over(self) -> None:
        if self.settings.handed_over is not None:
            self.accept(socket.socket(fileno=self.settings.handed_over))

    def _listen(self) -> None:
        if self.settings.handed_over is not None:
            return
        if self.settings.listen is None:
            self.accept(_bound(self.settings.host, self.settings.port))
        else:
            self._private = Listener(socket.socket(fileno=self.settings.listen), self._protocol)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way within the drain time, then end the application."""
        deadline = self._now() + self.settings.drain
        if self._keeps_listening:
            deadline += self.settings.linger
            await self._turn_away(deadline)
        else:
            self._tell_of_tasks()
        self.pause()
        await self._wait(deadline, lambda: not self.server_state.connections)
        self._stop_draining()
        for part in (self._private, self._control):
            if part is not None:
                part.close()
        is_graceful = await self._cut_tasks() == 0
        if self._watch is not None:
            self._watch.cancel()
        await super().shutdown()
        self._vitals.close()
        if is_graceful:
            _log.info("Graceful shutdown completed")

    async def _turn_away(self, deadline: float) -> None:
        """Go on listening until no request is under way, so that nobody finds a closed door.

        A load balancer learns from the readiness that this process is stopping, and only at an
        open socket. For the linger time new requests are served, and after it turned away.
        """
        self._start_draining()
        linger_end = self._now() + self.settings.linger
        await self._wait(linger_end, lambda: False)
        self._stopping.is_refusing = True
        self._tell_of_tasks()
        await self._wait(deadline, lambda: not self.server_state.tasks)
        if self._private is not None:
            self._private.close()

    def _tell_of_tasks(self) -> None:
        if self.server_state.tasks:
            _log.info("Waiting for %d in-flight request(s)", len(self.server_state.tasks))

    async def _wait(self, until: float, is_done: Callable[[], bool]) -> None:
        while not is_done() and not self.force_exit and self._now() < until:
            await asyncio.sleep(_POLL_SECONDS)

    async def _cut_tasks(self) -> int:
        """End the requests that are not done in time, and return how many these are."""
        late = set(self.server_state.tasks)
        if late:
            why = "a second signal came" if self.force_exit else "the drain time is over"
            _log.warning("Cutting off %d request(s): %s", len(late), why)
            self._stopping.is_over = True
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=_CUT_SECONDS)
        return len(late)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on the first signal, at once on the second; unlike uvicorn, exit 0 afterwards."""
        loop = asyncio.get_running_loop()
        handled = (signal.SIGTERM, signal.SIGINT)
        for number in handled:
            loop.add_signal_handler(number, self._signalled)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    def _signalled(self) -> None:
        self.force_exit = self.should_exit
        has_own_socket = self._private is not None and self.settings.control is None
        # At systemd's socket, whoever comes now waits for the process that comes next.
        is_handed_over = self.settings.handed_over is not None
        self._keeps_listening = (self.public is not None or has_own_socket) and not is_handed_over
        self._vitals.stopping()
        self.stop()

    def _protocol(self) -> asyncio.Protocol:
        return DrainingProtocol(self.config, self.server_state, self.lifespan.state)

    def _start_draining(self) -> None:
        DrainingProtocol.is_draining = True
        for connection in self._open():
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_started:
                cycle.keep_alive = False
        if self._sweeper is None:
            idle = watch.close_the_idle(self._open, self.settings.drain_idle)
            self._sweeper = asyncio.create_task(idle)

    def _stop_draining(self) -> None:
        DrainingProtocol.is_draining = False
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _open(self) -> list[DrainingProtocol]:
        """Return the open connections; all of them are `_protocol`'s."""
        return list(self.server_state.connections)  # type: ignore[arg-type]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening
