"""The sessions in one SQLite file, used from the event loop without ever blocking it."""

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from llmops_cli.serve.sessions import sqlite_file, sqlite_tables
from llmops_cli.serve.sessions.session import (
    Place,
    Row,
    Session,
    SessionKey,
    StoreUnavailableError,
    Summary,
)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_SECONDS_OF_A_DAY = 86_400


class SqliteStore:
    """A SessionStore in a file. Sessions expire ``days`` days after their last message, or never.

    One thread of its own holds the one connection: SQLite lets only one writer in anyway, and
    a statement that waits for another process then holds up no request that needs no session.
    """

    def __init__(self, path: Path, days: int) -> None:
        self._path = path
        self._days = days
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the file and close it at the end. Raises StoreError when it cannot be used."""
        with ThreadPoolExecutor(1, thread_name_prefix="sessions") as self._thread:
            loop = asyncio.get_running_loop()
            connect = loop.run_in_executor(self._thread, sqlite_file.connect, self._path)
            self._connection = await connect
            try:
                yield
            finally:
                await loop.run_in_executor(self._thread, self._connection.close)

    async def create(self, tenant: str) -> str:
        """Start a session and return its id, a random UUID."""
        session_id = str(uuid.uuid4())
        await self._do(sqlite_tables.create, SessionKey(tenant, session_id))
        return session_id

    async def latest(self, key: SessionKey, count: int) -> Sequence[Row]:
        """Return the last ``count`` messages of a session that has not ended, oldest first."""
        return await self._do(sqlite_tables.latest, key, self._oldest(), count)

    async def append(self, key: SessionKey, question: Row, answer: Row) -> None:
        """Keep both sides of a turn, next to each other, unless the session has ended."""
        await self._do(sqlite_tables.append, key, self._oldest(), (question, answer))

    async def end(self, key: SessionKey) -> None:
        """End a session that has not ended; what was said stays readable."""
        await self._do(sqlite_tables.end, key, self._oldest())

    async def read(self, key: SessionKey) -> Session:
        """Return a session, ended or not."""
        return await self._do(sqlite_tables.read, key, self._oldest())

    async def page(self, tenant: str, before: Place | None, count: int) -> Sequence[Summary]:
        """Return at most ``count`` sessions that stand before a place, the newest first."""
        return await self._do(sqlite_tables.page, tenant, self._oldest(), before, count)

    async def delete(self, key: SessionKey) -> None:
        """Remove a session with all that was said in it."""
        await self._do(sqlite_tables.delete, key, self._oldest())

    async def sweep(self) -> bool:
        """Remove a few expired sessions, and say whether there may be more of them."""
        return await self._do(sqlite_tables.sweep, self._oldest())

    async def probe(self) -> str:
        """Say why nothing can be written, or "" when it can."""
        try:
            await self._do(sqlite_tables.refuse_unwritable)
        except StoreUnavailableError as error:
            return str(error)
        return ""

    def _oldest(self) -> int:
        """Return the time of last use, in seconds since 1970, before which a session is expired."""
        return int(time.time()) - self._days * _SECONDS_OF_A_DAY if self._days else 0

    async def _do(
        self,
        work: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        connection = self._connection
        assert connection is not None, "the store is used outside of `opened`"
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._thread, lambda: work(connection, *arguments, **options)
            )
        except sqlite3.OperationalError as error:
            # Locked for too long, no space left, a disk that fails: nothing that a caller did.
            raise StoreUnavailableError(str(error)) from error
