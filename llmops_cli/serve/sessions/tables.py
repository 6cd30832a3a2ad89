"""The tables of the sessions, and every statement that reads or changes them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.serve.clock import timestamp

#: Kept in the file as ``user_version``. A release that finds a higher one does not touch the file.
SCHEMA_VERSION = 1

#: How long to wait for another process that is writing.
_BUSY_SECONDS = 5.0
_POLL_SECONDS = 0.01

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS messages_of_session ON messages (session_id, id);
"""


class SessionNotFoundError(Exception):
    """No such session, or it has ended: the caller cannot tell which."""


class StoreError(Exception):
    """The file of the sessions cannot be used. The message says why."""


@dataclass(frozen=True)
class Row:
    """One message of a session. ``created_at`` is UTC, ISO 8601 with a Z."""

    role: str
    content: str
    created_at: str


@dataclass(frozen=True)
class Session:
    """A session with all that was said in it, oldest first."""

    id: str
    created_at: str
    is_active: bool
    rows: tuple[Row, ...]


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, made where it is missing. Raises StoreError when it cannot be used."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path.name} cannot be opened ({error})") from error
    try:
        _prepare(connection, path.name)
    except (sqlite3.Error, StoreError) as error:
        connection.close()
        raise StoreError(f"{path.name} cannot be used ({error})") from error
    return connection


def _prepare(connection: sqlite3.Connection, name: str) -> None:
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    with transaction(connection):
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise StoreError(f"it has version {found}, of a newer release; this one knows 1")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Have a process that reads not be in the way of one that writes.

    Two processes that change the mode of a new file at the same moment would wait for each other
    for ever, so SQLite refuses one of them at once, without its usual patience; it waits here.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or none, and let no other process write in between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def create(connection: sqlite3.Connection, session_id: str) -> None:
    """Add a session."""
    connection.execute(
        "INSERT INTO sessions (session_id, created_at) VALUES (?, ?)", (session_id, timestamp())
    )


def require_active(connection: sqlite3.Connection, session_id: str) -> None:
    """Raise SessionNotFoundError unless the session exists and has not ended."""
    query = "SELECT 1 FROM sessions WHERE session_id = ? AND is_active"
    if connection.execute(query, (session_id,)).fetchone() is None:
        raise SessionNotFoundError(session_id)


def latest(connection: sqlite3.Connection, session_id: str, count: int) -> list[Row]:
    """Return the last ``count`` messages of an active session, oldest first."""
    require_active(connection, session_id)
    found = connection.execute(
        "SELECT role, content, created_at FROM messages WHERE session_id = ?"
        " ORDER BY id DESC LIMIT ?",
        (session_id, count),
    )
    return [Row(*columns) for columns in found][::-1]


def append(connection: sqlite3.Connection, session_id: str, rows: tuple[Row, ...]) -> None:
    """Add messages that belong together, unless the session has ended meanwhile."""
    with transaction(connection):
        require_active(connection, session_id)
        connection.executemany(
            "INSERT INTO messages (session_id, role, content, created_at) VALUES (?, ?, ?, ?)",
            [(session_id, row.role, row.content, row.created_at) for row in rows],
        )


def end(connection: sqlite3.Connection, session_id: str) -> None:
    """End a session; what was said stays readable."""
    with transaction(connection):
        require_active(connection, session_id)
        connection.execute("UPDATE sessions SET is_active = 0 WHERE session_id = ?", (session_id,))


def read(connection: sqlite3.Connection, session_id: str) -> Session:
    """Return a session, ended or not."""
    query = "SELECT created_at, is_active FROM sessions WHERE session_id = ?"
    found = connection.execute(query, (session_id,)).fetchone()
    if found is None:
        raise SessionNotFoundError(session_id)
    query = "SELECT role, content, created_at FROM messages WHERE session_id = ? ORDER BY id"
    rows = tuple(Row(*columns) for columns in connection.execute(query, (session_id,)))
    return Session(session_id, found[0], bool(found[1]), rows)


def delete(connection: sqlite3.Connection, session_id: str) -> None:
    """Remove a session and all that was said in it."""
    query = "DELETE FROM sessions WHERE session_id = ?"
    if connection.execute(query, (session_id,)).rowcount == 0:
        raise SessionNotFoundError(session_id)


def refuse_unwritable(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.Error unless a write could begin now. Nothing is written."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
