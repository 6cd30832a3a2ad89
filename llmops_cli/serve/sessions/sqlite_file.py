"""The file of the sessions: made, opened, and brought up to date by whichever release comes first.

``user_version`` is raised only by a change that the releases before it cannot live with. What is
merely added has a default and leaves the version alone: an older release serves from the same file
while a newer one starts, and again after a rollback, and refuses a version that it does not know.
What an older release does not write is filled in by triggers.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.serve.sessions.session import StoreError

#: Kept in the file as ``user_version``. A release that finds a higher one does not touch the file.
SCHEMA_VERSION = 1

#: How long to wait for another process that is writing.
_BUSY_SECONDS = 5.0
_POLL_SECONDS = 0.01

_TABLES = (
    """CREATE TABLE IF NOT EXISTS sessions (
        session_id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        is_active INTEGER NOT NULL DEFAULT 1
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT""",
)
#: Table, column, and how it is declared. ``last_used`` is in seconds since 1970.
_ADDED = (
    ("sessions", "tenant", "TEXT NOT NULL DEFAULT 'default'"),
    ("sessions", "last_used", "INTEGER NOT NULL DEFAULT 0"),
    ("messages", "tokens", "INTEGER"),
)
_NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
_TOUCH = f"UPDATE sessions SET last_used = {_NOW} WHERE session_id = NEW.session_id;"  # noqa: S608
_INDEXES_AND_TRIGGERS = (
    "CREATE INDEX IF NOT EXISTS messages_of_session ON messages (session_id, id)",
    "CREATE INDEX IF NOT EXISTS sessions_of_tenant ON sessions (tenant, created_at, session_id)",
    "CREATE INDEX IF NOT EXISTS sessions_by_last_use ON sessions (last_used)",
    "CREATE TRIGGER IF NOT EXISTS session_made AFTER INSERT ON sessions"
    f" WHEN NEW.last_used = 0 BEGIN {_TOUCH} END",
    "CREATE TRIGGER IF NOT EXISTS session_used AFTER INSERT ON messages"
    f" WHEN NEW.role = 'user' BEGIN {_TOUCH} END",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, made where it is missing. Raises StoreError when it cannot be used."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path.name} cannot be opened ({error})") from error
    try:
        _prepare(connection)
    except (sqlite3.Error, StoreError) as error:
        connection.close()
        raise StoreError(f"{path.name} cannot be used ({error})") from error
    return connection


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


def _prepare(connection: sqlite3.Connection) -> None:
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    with transaction(connection):
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise StoreError(f"it has version {found}, of a newer release; this one knows 1")
        for statement in _TABLES:
            connection.execute(statement)
        for table, column, declaration in _ADDED:
            _add(connection, table, column, declaration)
        for statement in _INDEXES_AND_TRIGGERS:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _add(connection: sqlite3.Connection, table: str, column: str, declaration: str) -> None:
    if any(row[1] == column for row in connection.execute(f"PRAGMA table_info({table})")):
        return
    connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declaration}")
    if column == "last_used":
        # When they were last used is not known, so their days count from now.
        connection.execute(f"UPDATE sessions SET last_used = {_NOW}")  # noqa: S608


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
