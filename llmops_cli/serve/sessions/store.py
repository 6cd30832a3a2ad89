"""The sessions in one SQLite file, used from the event loop without ever blocking it."""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from llmops_cli.serve.sessions import tables
from llmops_cli.serve.sessions.tables import Row, Session

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class SessionStore:
    """Sessions that survive a restart and are shared by all processes with the same file.

    One thread of its own holds the one connection: SQLite lets only one writer in anyway, and
    a statement that waits for another process then holds up no request that needs no session.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the file and close it at the end. Raises StoreError when it cannot be used."""
        with ThreadPoolExecutor(1, thread_name_prefix="sessions") as self._thread:
            loop = asyncio.get_running_loop()
            connect = loop.run_in_executor(self._thread, tables.connect, self._path)
            self._connection = await connect
            try:
                yield
            finally:
                await loop.run_in_executor(self._thread, self._connection.close)

    async def create(self) -> str:
        """Start a session and return its id, a random UUID."""
        session_id = str(uuid.uuid4())
        await self._do(tables.create, session_id)
        return session_id

    async def latest(self, session_id: str, count: int) -> list[Row]:
        """Return the last ``count`` messages, oldest first. Raises SessionNotFoundError."""
        return await self._do(tables.latest, session_id, count)

    async def append(self, session_id: str, *rows: Row) -> None:
        """Keep messages that belong together: all or none. Raises SessionNotFoundError."""
        await self._do(tables.append, session_id, rows)

    async def end(self, session_id: str) -> None:
        """End a session. Raises SessionNotFoundError, also when it has ended before."""
        await self._do(tables.end, session_id)

    async def read(self, session_id: str) -> Session:
        """Return a session, ended or not. Raises SessionNotFoundError."""
        return await self._do(tables.read, session_id)

    async def delete(self, session_id: str) -> None:
        """Remove a session with all that was said in it. Raises SessionNotFoundError."""
        await self._do(tables.delete, session_id)

    async def probe(self) -> str:
        """Say why nothing can be written, or "" when it can."""
        try:
            await self._do(tables.refuse_unwritable)
        except sqlite3.Error as error:
            return str(error)
        return ""

    async def _do(
        self,
        work: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        connection = self._connection
        assert connection is not None, "the store is used outside of `opened`"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, lambda: work(connection, *arguments, **options)
        )
