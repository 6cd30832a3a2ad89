"""The tables of the sessions in PostgreSQL: made once, by whichever replica comes first.

The version is raised only by a change that the releases before it cannot live with; what is merely
added leaves it alone, because releases of several versions may use one database.
"""

from typing import Any

from llmops_cli.serve.sessions.session import StoreError

#: Kept in the database. A release that finds a higher one does not touch the tables.
SCHEMA_VERSION = 1

#: Held while the tables are made, so that replicas which start together do not get in each
#: other's way. The number is ours alone: "llmops" in ASCII.
_LOCK = int.from_bytes(b"llmops", "big")

_STATEMENTS = (
    """CREATE TABLE llmops_sessions (
        session_id uuid PRIMARY KEY,
        tenant text NOT NULL,
        created_at text COLLATE "C" NOT NULL,
        last_used timestamptz NOT NULL DEFAULT now(),
        is_active boolean NOT NULL DEFAULT true
    )""",
    """CREATE TABLE llmops_messages (
        session_id uuid NOT NULL REFERENCES llmops_sessions ON DELETE CASCADE,
        id bigint GENERATED ALWAYS AS IDENTITY,
        role text NOT NULL,
        content text NOT NULL,
        created_at text NOT NULL,
        tokens integer NOT NULL,
        PRIMARY KEY (session_id, id)
    )""",
    "CREATE INDEX llmops_sessions_of_tenant ON llmops_sessions (tenant, created_at, session_id)",
    "CREATE INDEX llmops_sessions_by_last_use ON llmops_sessions (last_used)",
    "CREATE TABLE llmops_schema (version integer NOT NULL)",
    f"INSERT INTO llmops_schema VALUES ({SCHEMA_VERSION})",  # noqa: S608
)


async def prepare(connection: Any) -> None:
    """Make the tables where there are none. Raises StoreError when they are of a newer release."""
    async with connection.transaction():
        # Given back at the end of the transaction, also by a process that dies.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regclass('llmops_schema') IS NULL"):
            for statement in _STATEMENTS:
                await connection.execute(statement)
        found = await connection.fetchval("SELECT max(version) FROM llmops_schema")
    if found != SCHEMA_VERSION:
        raise StoreError(
            f"the database has version {found} of the sessions, of a newer release;"
            f" this one knows {SCHEMA_VERSION}"
        )
