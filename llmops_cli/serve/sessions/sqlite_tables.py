"""Every statement that reads or changes the sessions in a SQLite file.

``oldest`` is the time of last use, in seconds since 1970, before which a session is expired.
"""

import sqlite3
import time
from collections.abc import Sequence

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.sessions.session import (
    Place,
    Row,
    Session,
    SessionKey,
    SessionNotFoundError,
    Summary,
)
from llmops_cli.serve.sessions.sqlite_file import transaction
from llmops_cli.serve.sessions.window import estimate

#: What one sweep removes at most, so that no request waits long for it.
_SWEPT_SESSIONS = 50
_SWEPT_MESSAGES = 500

_MESSAGES = "SELECT role, content, created_at, tokens FROM messages WHERE session_id = ?"
_FOUND = "session_id = ? AND tenant = ? AND last_used >= ?"


def create(connection: sqlite3.Connection, key: SessionKey) -> None:
    """Add a session."""
    connection.execute(
        "INSERT INTO sessions (session_id, tenant, created_at, last_used) VALUES (?, ?, ?, ?)",
        (key.id, key.tenant, timestamp(), int(time.time())),
    )


def latest(connection: sqlite3.Connection, key: SessionKey, oldest: int, count: int) -> list[Row]:
    """Return the last ``count`` messages of an active session, oldest first."""
    _require_active(connection, key, oldest)
    found = connection.execute(f"{_MESSAGES} ORDER BY id DESC LIMIT ?", (key.id, count))
    return [_row(*columns) for columns in found][::-1]


def append(
    connection: sqlite3.Connection, key: SessionKey, oldest: int, rows: Sequence[Row]
) -> None:
    """Add messages that belong together, unless the session has ended meanwhile."""
    with transaction(connection):
        _require_active(connection, key, oldest)
        connection.executemany(
            "INSERT INTO messages (session_id, role, content, created_at, tokens)"
            " VALUES (?, ?, ?, ?, ?)",
            [(key.id, row.role, row.content, row.created_at, row.tokens) for row in rows],
        )


def end(connection: sqlite3.Connection, key: SessionKey, oldest: int) -> None:
    """End a session; what was said stays readable."""
    statement = f"UPDATE sessions SET is_active = 0 WHERE {_FOUND} AND is_active"  # noqa: S608
    _require_one(connection.execute(statement, (key.id, key.tenant, oldest)))


def read(connection: sqlite3.Connection, key: SessionKey, oldest: int) -> Session:
    """Return a session, ended or not."""
    query = f"SELECT session_id, created_at, is_active FROM sessions WHERE {_FOUND}"  # noqa: S608
    found = connection.execute(query, (key.id, key.tenant, oldest)).fetchone()
    if found is None:
        raise SessionNotFoundError
    query = (
        "SELECT role, content, created_at, tokens FROM messages WHERE session_id = ? ORDER BY id"
    )
    rows = tuple(_row(*columns) for columns in connection.execute(query, (key.id,)))
    return Session(_summary(*found), rows)


def page(
    connection: sqlite3.Connection, tenant: str, oldest: int, before: Place | None, count: int
) -> list[Summary]:
    """Return sessions of a tenant that stand before a place, the newest first."""
    # No time is as late as this.
    place = before or Place("~", "")
    found = connection.execute(
        "SELECT session_id, created_at, is_active FROM sessions"
        " WHERE tenant = ? AND (created_at, session_id) < (?, ?) AND last_used >= ?"
        " ORDER BY created_at DESC, session_id DESC LIMIT ?",
        (tenant, place.created_at, place.id, oldest, count),
    )
    return [_summary(*columns) for columns in found]


def delete(connection: sqlite3.Connection, key: SessionKey, oldest: int) -> None:
    """Remove a session and all that was said in it."""
    statement = f"DELETE FROM sessions WHERE {_FOUND}"  # noqa: S608
    _require_one(connection.execute(statement, (key.id, key.tenant, oldest)))


def sweep(connection: sqlite3.Connection, oldest: int) -> bool:
    """Remove some of what has expired, and say whether there may be more.

    The messages go first and not by cascade, because a session may hold any number of them.
    """
    with transaction(connection):
        found = connection.execute(
            "SELECT session_id FROM sessions WHERE last_used < ? ORDER BY last_used LIMIT ?",
            (oldest, _SWEPT_SESSIONS),
        ).fetchall()
        left = _SWEPT_MESSAGES
        for (session_id,) in found:
            removed = connection.execute(
                "DELETE FROM messages WHERE id IN"
                " (SELECT id FROM messages WHERE session_id = ? LIMIT ?)",
                (session_id, left),
            )
            left -= removed.rowcount
            if left <= 0:
                return True
            connection.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))
    return len(found) == _SWEPT_SESSIONS


def refuse_unwritable(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.Error unless a write could begin now. Nothing is written."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _require_active(connection: sqlite3.Connection, key: SessionKey, oldest: int) -> None:
    query = f"SELECT 1 FROM sessions WHERE {_FOUND} AND is_active"  # noqa: S608
    if connection.execute(query, (key.id, key.tenant, oldest)).fetchone() is None:
        raise SessionNotFoundError


def _require_one(changed: sqlite3.Cursor) -> None:
    if changed.rowcount == 0:
        raise SessionNotFoundError


def _summary(session_id: str, created_at: str, is_active: int) -> Summary:
    return Summary(session_id, created_at, bool(is_active))


def _row(role: str, content: str, created_at: str, tokens: int | None) -> Row:
    """Return a row; a release that counts no tokens may have written it."""
    return Row(role, content, created_at, estimate(content) if tokens is None else tokens)
