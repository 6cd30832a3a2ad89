"""Accepts connections on a socket that other processes may share, and stops without losing one."""

import asyncio
import socket
from collections.abc import Callable

#: Connections taken in one turn of the event loop, so that a burst starves nobody.
_BATCH = 64
#: Seconds to wait before accepting again when the process is out of file descriptors.
_EXHAUSTED_PAUSE = 1.0


class Listener:
    """Accepts on one listening socket while it is open.

    asyncio's own server may drop a connection that it accepted just before it was closed
    (``Server._attach`` fails then), and it cannot pause. Here accepting is synchronous: after
    `close` no connection is taken, and every one that was taken is served.
    """

    def __init__(
        self, listening: socket.socket, create_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._socket = listening
        self._socket.setblocking(False)
        self._create_protocol = create_protocol
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[object]] = set()
        self._open()

    @property
    def address(self) -> str:
        """The address it accepts at, as ``host:port`` or the path of a Unix socket."""
        name = self._socket.getsockname()
        return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)

    def share(self) -> int:
        """Return the descriptor of the listening socket, which stays ours."""
        return self._socket.fileno()

    def close(self) -> None:
        """Accept no more. Connections that wait are left to whoever shares the socket."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _open(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_BATCH):
            try:
                connection, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.remove_reader(self._socket.fileno())
                self._loop.call_later(_EXHAUSTED_PAUSE, self._open)
                return
            self._adopt(connection)

    def _adopt(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        serve = self._loop.connect_accepted_socket(self._create_protocol, connection)
        task = self._loop.create_task(_ignore_early_loss(serve))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _ignore_early_loss(serve: object) -> None:
    try:
        await serve  # type: ignore[misc]
    except OSError:
        return
