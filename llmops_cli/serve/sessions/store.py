"""What keeps the sessions: one interface, and the choice between a file and a database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from llmops_cli.serve.sessions.session import Place, Row, Session, SessionKey, Summary
from llmops_cli.serve.sessions.settings import SessionSettings


class SessionStore(Protocol):
    """Sessions that survive a restart and are shared by all processes with the same store.

    Every method raises StoreUnavailableError while the store does not answer, and each that takes
    a key raises SessionNotFoundError for a session that the tenant does not have (any more). What
    a method costs depends on what it returns, not on how much is kept.
    """

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Open the store and close it at the end. Raises StoreError when it cannot be used."""
        ...

    async def create(self, tenant: str) -> str:
        """Start a session and return its id, a random UUID."""
        ...

    async def latest(self, key: SessionKey, count: int) -> Sequence[Row]:
        """Return the last ``count`` messages of a session that has not ended, oldest first."""
        ...

    async def append(self, key: SessionKey, question: Row, answer: Row) -> None:
        """Keep both sides of a turn, next to each other, unless the session has ended."""
        ...

    async def end(self, key: SessionKey) -> None:
        """End a session that has not ended; what was said stays readable."""
        ...

    async def read(self, key: SessionKey) -> Session:
        """Return a session, ended or not."""
        ...

    async def page(self, tenant: str, before: Place | None, count: int) -> Sequence[Summary]:
        """Return at most ``count`` sessions that stand before a place, the newest first."""
        ...

    async def delete(self, key: SessionKey) -> None:
        """Remove a session with all that was said in it."""
        ...

    async def sweep(self) -> bool:
        """Remove a few expired sessions, and say whether there may be more of them."""
        ...

    async def probe(self) -> str:
        """Say why nothing can be written, or "" when it can."""
        ...


def store_of(settings: SessionSettings) -> SessionStore:
    """Return the store that the settings ask for, not opened yet."""
    if settings.database is None:
        from llmops_cli.serve.sessions.sqlite import SqliteStore

        return SqliteStore(settings.data_dir / "sessions.db", settings.days)
    # Not at the top: the driver is an extra, and takes a while to load.
    from llmops_cli.serve.sessions.postgres import PostgresStore

    return PostgresStore(settings.database, settings.days)
