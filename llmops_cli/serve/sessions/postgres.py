"""The sessions in a PostgreSQL database, shared by all replicas that are given its address."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg

from llmops_cli.serve.sessions import postgres_schema, postgres_tables
from llmops_cli.serve.sessions.session import (
    Place,
    Row,
    Session,
    SessionKey,
    SessionNotFoundError,
    StoreError,
    StoreUnavailableError,
    Summary,
)
from llmops_cli.serve.sessions.settings import Database

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: Connections of one process. A turn needs one for about a millisecond, twice.
_MOST_CONNECTIONS = 10
#: For a connection, for a free one of the pool, and for an answer.
_SECONDS = 5.0
#: For a removal that nobody waits for.
_SWEEP_SECONDS = 60.0
_EVER = timedelta(days=365_000)

#: What a database, or the way to it, does while it restarts, fails over or is overloaded.
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
)


class PostgresStore:
    """A SessionStore in a database. Sessions expire ``days`` days after their last message.

    A lost connection is made anew by the next statement that needs one, so that the store comes
    back with its database. No error shows the address: the name of the failure's type is all.
    """

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._lifetime = timedelta(days=days) if days else _EVER
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connect, make the tables where there are none, and disconnect at the end.

        Raises StoreError when that cannot be done within a few seconds.
        """
        try:
            await self._open()
            yield
        finally:
            if self._pool is not None:
                await _close(self._pool)

    async def _open(self) -> None:
        variable = self._database.variable
        try:
            async with asyncio.timeout(2 * _SECONDS):
                self._pool = await _connected(self._database.url)
                await self._do(postgres_schema.prepare)
        except StoreError as error:
            raise StoreError(f"{variable}: {error}") from error
        except (*_LOST, StoreUnavailableError, asyncpg.PostgresError, ValueError) as error:
            told = f"{variable}: the database cannot be used ({_named(error)})"
            raise StoreError(told) from error

    async def create(self, tenant: str) -> str:
        """Start a session and return its id, a random UUID."""
        key = SessionKey(tenant, str(uuid.uuid4()))
        await self._do(postgres_tables.create, key)
        return key.id

    async def latest(self, key: SessionKey, count: int) -> Sequence[Row]:
        """Return the last ``count`` messages of a session that has not ended, oldest first."""
        _require_id(key)
        return await self._do(postgres_tables.latest, key, self._lifetime, count)

    async def append(self, key: SessionKey, question: Row, answer: Row) -> None:
        """Keep both sides of a turn, next to each other, unless the session has ended."""
        _require_id(key)
        await self._do(postgres_tables.append, key, self._lifetime, (question, answer))

    async def end(self, key: SessionKey) -> None:
        """End a session that has not ended; what was said stays readable."""
        _require_id(key)
        await self._do(postgres_tables.end, key, self._lifetime)

    async def read(self, key: SessionKey) -> Session:
        """Return a session, ended or not."""
        _require_id(key)
        return await self._do(postgres_tables.read, key, self._lifetime)

    async def page(self, tenant: str, before: Place | None, count: int) -> Sequence[Summary]:
        """Return at most ``count`` sessions that stand before a place, the newest first."""
        return await self._do(postgres_tables.page, tenant, self._lifetime, before, count)

    async def delete(self, key: SessionKey) -> None:
        """Remove a session with all that was said in it."""
        _require_id(key)
        await self._do(postgres_tables.delete, key, self._lifetime)

    async def sweep(self) -> bool:
        """Remove a few expired sessions, and say whether there may be more of them."""
        return await self._do(postgres_tables.sweep, self._lifetime, _SWEEP_SECONDS)

    async def probe(self) -> str:
        """Say why nothing can be written, or "" when it can."""
        try:
            is_writable = await self._do(postgres_tables.is_writable)
        except StoreUnavailableError as error:
            return str(error)
        return "" if is_writable else "The database is read-only"

    async def _do(
        self,
        work: Callable[Concatenate[Any, Arguments], Awaitable[Result]],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        assert self._pool is not None, "the store is used outside of `opened`"
        try:
            connection = await self._pool.acquire(timeout=_SECONDS)
            try:
                return await work(connection, *arguments, **options)
            except (TimeoutError, asyncio.CancelledError):
                # To give it back would wait for a database that may never answer.
                connection.terminate()
                raise
            finally:
                await self._pool.release(connection)
        except _LOST as error:
            raise StoreUnavailableError(
                f"The database does not answer ({type(error).__name__})"
            ) from error


async def _connected(url: str) -> "asyncpg.Pool[asyncpg.Record]":
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=_MOST_CONNECTIONS,
        timeout=_SECONDS,
        command_timeout=_SECONDS,
        # Statements leave nothing behind in a connection, which saves a round trip for each.
        reset=_keep,
        server_settings={"application_name": "llmops"},
    )


async def _keep(connection: object) -> None:
    """Do nothing to a connection that goes back to the pool."""


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    try:
        await asyncio.wait_for(pool.close(), _SECONDS)
    except (*_LOST, asyncpg.PostgresError):
        pool.terminate()


def _named(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, StoreUnavailableError) else error
    return type(cause).__name__


def _require_id(key: SessionKey) -> None:
    """Raise SessionNotFoundError for what is no id at all, which the database would complain of."""
    try:
        is_id = str(uuid.UUID(key.id)) == key.id
    except ValueError:
        is_id = False
    if not is_id:
        raise SessionNotFoundError
