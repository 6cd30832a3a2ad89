"""The connections to one upstream: opened when needed, kept for the next call, closed when old."""

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmops_cli.serve.upstreams.connection import Connection

#: Seconds to a TCP and TLS connection; a host that drops packets is found out early.
CONNECT_SECONDS = 5.0

#: Less than the five seconds after which common servers (uvicorn, Node, llama.cpp) close an idle
#: connection. A request sent just then is lost, and has to be sent again.
_KEEP_SECONDS = 4.0


@dataclass(frozen=True)
class Origin:
    """Where an upstream listens."""

    host: str
    port: int
    is_secure: bool

    @staticmethod
    def of(url: str) -> "Origin":
        """Return the origin of an http or https address, which has to be a valid one."""
        parts = urlsplit(url)
        assert parts.hostname is not None, "settings have been checked"
        is_secure = parts.scheme == "https"
        return Origin(parts.hostname, parts.port or (443 if is_secure else 80), is_secure)

    @property
    def authority(self) -> str:
        """Return what goes into a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.is_secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


class Pool:
    """Hands out connections, the one that was used last first. Their number is not limited.

    It belongs to the event loop in which it is made.
    """

    def __init__(self, origin: Origin, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._origin = origin
        self._connect_seconds = connect_seconds
        # Kept, because asking for it is a system call in some versions of Python.
        self._loop = asyncio.get_running_loop()
        self._tls = ssl.create_default_context() if origin.is_secure else None
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def idle(self) -> Connection | None:
        """Return a connection that is open and free, if there is one."""
        now = self._loop.time()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed and now - connection.freed_at < _KEEP_SECONDS:
                return connection
            connection.close()
        return None

    async def connect(self, deadline: float) -> Connection:
        """Open a connection. Raises OSError (ssl.SSLError is one) or TimeoutError.

        ``deadline`` is a time of the event loop; connecting is given up earlier if it takes long.
        """
        seconds = min(self._connect_seconds, deadline - self._loop.time())
        async with asyncio.timeout(seconds):
            _, connection = await self._loop.create_connection(
                lambda: Connection(self._loop, self._open.discard),
                self._origin.host,
                self._origin.port,
                ssl=self._tls,
                server_hostname=self._origin.host if self._tls else None,
            )
        self._open.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next call, or close it when it is not fit for that."""
        if not connection.is_reusable:
            connection.close()
            return
        connection.freed_at = self._loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(_KEEP_SECONDS, self._close_old)

    def close(self) -> None:
        """Close every connection, those in use too."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in [*self._idle, *self._open]:
            connection.close()
        self._idle.clear()

    def _close_old(self) -> None:
        self._sweep = None
        oldest = self._loop.time() - _KEEP_SECONDS
        kept = []
        for connection in self._idle:
            if connection.freed_at > oldest:
                kept.append(connection)
            else:
                connection.close()
        self._idle = kept
        if kept:
            self._sweep = self._loop.call_later(_KEEP_SECONDS, self._close_old)
