"""Every statement that reads or changes the sessions in PostgreSQL, each in one round trip.

``lifetime`` is how long a session is kept after its last message, by the clock of the database.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.sessions.session import (
    Place,
    Row,
    Session,
    SessionKey,
    SessionNotFoundError,
    Summary,
)

#: What one sweep removes at most.
_SWEPT_SESSIONS = 50

_FOUND = "session_id = $1 AND tenant = $2 AND last_used >= now() - $3::interval"

_CREATE = "INSERT INTO llmops_sessions (session_id, tenant, created_at) VALUES ($1, $2, $3)"

# The outer join gives one row without a message for a session in which nothing was said yet.
_LATEST = f"""
SELECT said.* FROM llmops_sessions LEFT JOIN LATERAL (
    SELECT role, content, created_at, tokens, id FROM llmops_messages
    WHERE session_id = $1 ORDER BY id DESC LIMIT $4
) AS said ON true
WHERE {_FOUND} AND is_active ORDER BY said.id
"""  # noqa: S608

# The row of the session is locked before the first message gets its number, so that no other
# replica can put its own in between.
_APPEND = f"""
WITH used AS (
    UPDATE llmops_sessions SET last_used = now() WHERE {_FOUND} AND is_active RETURNING session_id
)
INSERT INTO llmops_messages (session_id, role, content, created_at, tokens)
SELECT used.session_id, said.role, said.content, said.created_at, said.tokens
FROM used, unnest($4::text[], $5::text[], $6::text[], $7::integer[])
    WITH ORDINALITY AS said (role, content, created_at, tokens, place)
ORDER BY said.place
RETURNING id
"""  # noqa: S608

_END = f"""
UPDATE llmops_sessions SET is_active = false WHERE {_FOUND} AND is_active RETURNING true
"""  # noqa: S608

_SESSION = f"SELECT session_id, created_at, is_active FROM llmops_sessions WHERE {_FOUND}"  # noqa: S608

_MESSAGES = """
SELECT role, content, created_at, tokens FROM llmops_messages WHERE session_id = $1 ORDER BY id
"""

_PAGE = """
SELECT session_id, created_at, is_active FROM llmops_sessions
WHERE tenant = $1 AND last_used >= now() - $2::interval
    AND (created_at, session_id) < ($3, $4)
ORDER BY created_at DESC, session_id DESC LIMIT $5
"""

_DELETE = f"DELETE FROM llmops_sessions WHERE {_FOUND} RETURNING true"  # noqa: S608

# Replicas that sweep at the same time take different sessions.
_SWEEP = """
DELETE FROM llmops_sessions WHERE session_id IN (
    SELECT session_id FROM llmops_sessions WHERE last_used < now() - $1::interval
    ORDER BY last_used LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""

#: Stands behind every session, for a page that begins with the newest.
_NEWEST = Place("~", "00000000-0000-0000-0000-000000000000")


async def create(connection: Any, key: SessionKey) -> None:
    """Add a session."""
    await connection.execute(_CREATE, key.id, key.tenant, timestamp())


async def latest(connection: Any, key: SessionKey, lifetime: timedelta, count: int) -> list[Row]:
    """Return the last ``count`` messages of an active session, oldest first."""
    found = await connection.fetch(_LATEST, key.id, key.tenant, lifetime, count)
    if not found:
        raise SessionNotFoundError
    return [_row(record) for record in found if record["role"] is not None]


async def append(
    connection: Any, key: SessionKey, lifetime: timedelta, rows: Sequence[Row]
) -> None:
    """Add messages that belong together, unless the session has ended meanwhile."""
    added = await connection.fetch(
        _APPEND,
        *(key.id, key.tenant, lifetime),
        [row.role for row in rows],
        [row.content for row in rows],
        [row.created_at for row in rows],
        [row.tokens for row in rows],
    )
    if not added:
        raise SessionNotFoundError


async def end(connection: Any, key: SessionKey, lifetime: timedelta) -> None:
    """End a session; what was said stays readable."""
    if not await connection.fetchval(_END, key.id, key.tenant, lifetime):
        raise SessionNotFoundError


async def read(connection: Any, key: SessionKey, lifetime: timedelta) -> Session:
    """Return a session, ended or not."""
    found = await connection.fetchrow(_SESSION, key.id, key.tenant, lifetime)
    if found is None:
        raise SessionNotFoundError
    rows = await connection.fetch(_MESSAGES, key.id)
    return Session(_summary(found), tuple(_row(record) for record in rows))


async def page(
    connection: Any, tenant: str, lifetime: timedelta, before: Place | None, count: int
) -> list[Summary]:
    """Return sessions of a tenant that stand before a place, the newest first."""
    place = before or _NEWEST
    found = await connection.fetch(_PAGE, tenant, lifetime, place.created_at, place.id, count)
    return [_summary(record) for record in found]


async def delete(connection: Any, key: SessionKey, lifetime: timedelta) -> None:
    """Remove a session and all that was said in it."""
    if not await connection.fetchval(_DELETE, key.id, key.tenant, lifetime):
        raise SessionNotFoundError


async def sweep(connection: Any, lifetime: timedelta, seconds: float) -> bool:
    """Remove some of what has expired, and say whether there may be more."""
    done = await connection.execute(_SWEEP, lifetime, _SWEPT_SESSIONS, timeout=seconds)
    return bool(done == f"DELETE {_SWEPT_SESSIONS}")


async def is_writable(connection: Any) -> bool:
    """Whether this is no standby, which answers but keeps nothing."""
    setting = await connection.fetchval("SELECT current_setting('transaction_read_only')")
    return bool(setting == "off")


def _summary(record: Any) -> Summary:
    return Summary(str(record["session_id"]), record["created_at"], record["is_active"])


def _row(record: Any) -> Row:
    return Row(record["role"], record["content"], record["created_at"], record["tokens"])
