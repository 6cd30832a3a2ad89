"""Runs the application on uvicorn, with listeners that can be handed over and drained."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.openai_api.disconnect import EXTENSION
from llmops_cli.serve.process.control import Control
from llmops_cli.serve.process.listener import Listener
from llmops_cli.serve.settings import SettingsError

_log = logging.getLogger("llmops.serve")

#: Idle seconds after which a kept-alive connection is closed. Longer than the idle time-outs of
#: the usual load balancers (60 s), which otherwise send a request into a closing connection.
_KEEP_ALIVE_SECONDS = 75
_POLL_SECONDS = 0.02
#: Waiting connections that the kernel holds; it caps this at its own limit.
BACKLOG = 4096


@dataclass(frozen=True)
class ServerSettings:
    """Where to listen and how long to drain. Times are in seconds.

    ``listen`` is an inherited listening socket, ``control`` an inherited Unix socket for the
    supervisor; without them the server listens at ``host`` and ``port``. While draining, a
    connection that has been idle for ``drain_idle`` is closed, and after ``drain`` everything is.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    listen: int | None = None
    control: int | None = None
    drain: float = 30
    drain_idle: float = 5

    @property
    def address(self) -> str:
        """Where it listens by itself, for messages."""
        return f"{self.host}:{self.port}"

    @staticmethod
    def load(variables: Mapping[str, str]) -> "ServerSettings":
        """Read HOST, PORT, LLMOPS_LISTEN_FD, LLMOPS_CONTROL_FD and LLMOPS_DRAIN_*.

        Raises:
            SettingsError: one of them is not what it must be; every problem is told.
        """
        environment = Environment(variables)
        settings = ServerSettings(
            host=environment.text("HOST", "127.0.0.1"),
            port=environment.integer("PORT", 8000, lowest=0, highest=65535),
            listen=_descriptor(environment, "LLMOPS_LISTEN_FD"),
            control=_descriptor(environment, "LLMOPS_CONTROL_FD"),
            drain=_seconds(environment, "LLMOPS_DRAIN_SECONDS", "30"),
            drain_idle=_seconds(environment, "LLMOPS_DRAIN_IDLE_SECONDS", "5"),
        )
        if environment.problems:
            raise SettingsError(tuple(environment.problems))
        return settings


def run(
    application: Callable[..., Any], settings: ServerSettings, *, needs_lifespan: bool = True
) -> int:
    """Serve until SIGTERM or SIGINT, then drain; return the exit status.

    Without ``needs_lifespan`` the application may be one that knows no lifespan.
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
    server = Server(config, settings)
    server.run()
    return 0 if server.started else 1


class _Departure:
    """Has something done when the client goes away."""

    __slots__ = ("then",)

    def __init__(self) -> None:
        self.then: Callable[[], object] | None = None


class DrainingProtocol(HttpToolsProtocol):
    """Tells a kept-alive client to close with its next answer once the server is draining.

    The flag is set before the answer begins, so the client sees ``Connection: close`` and opens
    its next connection elsewhere; nothing is reset.
    """

    is_draining = False

    def on_message_begin(self) -> None:
        """Begin a request, with a place to leave word for the case that the client goes away."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: _Departure()}  # type: ignore[dict-item]

    def connection_lost(self, exc: Exception | None) -> None:
        """End; the request that is being answered learns of it without having to ask."""
        cycle = getattr(self, "cycle", None)
        if cycle is not None and not cycle.response_complete:
            departure = cycle.scope["extensions"][EXTENSION]
            if departure.then is not None:
                departure.then()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Begin a request; while draining, it is the last one of its connection."""
        before = getattr(self, "cycle", None)
        super().on_headers_complete()
        if DrainingProtocol.is_draining:
            self.cycle.keep_alive = False
            if before is not None and not before.response_started:
                # This one was pipelined behind it, and is answered only if that does not close.
                before.keep_alive = True


class Server(uvicorn.Server):
    """A uvicorn server whose public traffic can be started, paused and handed on."""

    def __init__(self, config: uvicorn.Config, settings: ServerSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.public: Listener | None = None
        self._private: Listener | None = None
        self._control: Control | None = None
        self._sweeper: asyncio.Task[None] | None = None

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
        """Drain and end."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen; a failed start exits with uvicorn's status."""
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
        self.started = True

    def _listen(self) -> None:
        if self.settings.listen is None:
            self.accept(_bound(self.settings.host, self.settings.port))
        else:
            self._private = Listener(socket.socket(fileno=self.settings.listen), self._protocol)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way within the drain time, then end the application."""
        self.pause()
        deadline = asyncio.get_running_loop().time() + self.settings.drain
        while self.server_state.connections and not self.force_exit:
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(_POLL_SECONDS)
        self._stop_draining()
        if self._private is not None:
            self._private.close()
        if self._control is not None:
            self._control.close()
        await super().shutdown()

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
        self.should_exit = True

    def _protocol(self) -> asyncio.Protocol:
        return DrainingProtocol(self.config, self.server_state, self.lifespan.state)

    def _start_draining(self) -> None:
        DrainingProtocol.is_draining = True
        for connection in self.server_state.connections:
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_started:
                cycle.keep_alive = False
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().create_task(self._close_idle())

    def _stop_draining(self) -> None:
        DrainingProtocol.is_draining = False
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    async def _close_idle(self) -> None:
        """Close the connections that had no request since the last look, ``drain_idle`` ago."""
        seen: dict[object, object] = {}
        while True:
            for connection in list(self.server_state.connections):
                cycle = getattr(connection, "cycle", None)
                is_idle = cycle is None or cycle.response_complete
                if is_idle and connection in seen and seen[connection] is cycle:
                    connection.shutdown()
            seen = {c: getattr(c, "cycle", None) for c in self.server_state.connections}
            await asyncio.sleep(self.settings.drain_idle)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


def _descriptor(environment: Environment, name: str) -> int | None:
    text = environment.matching(name, "", pattern=r"\d{0,9}", rule="must be a file descriptor")
    return int(text) if text else None


def _seconds(environment: Environment, name: str, default: str) -> float:
    rule = "must be a number of seconds"
    return float(environment.matching(name, default, pattern=r"\d{1,6}(\.\d{1,6})?", rule=rule))
