"""Does a turn of a session slow down with the number of sessions, or with its own history?

Fills one store for each number of sessions, takes turns in all of them by turns, and prints how
long the second turn of a session and one after 500 others take, as ratios to the second turn among
10 sessions. The model answers at once, so all of it is the cost of the store. PostgreSQL is
measured where this machine can run a server.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.models.chat import JSON, ChatAnswer, ChatCall
from llmops_cli.serve.sessions import settings as session_settings
from llmops_cli.serve.sessions.conversation import Conversations, Talk
from llmops_cli.serve.sessions.session import Row, SessionKey
from llmops_cli.serve.sessions.settings import SessionSettings
from llmops_cli.serve.sessions.store import SessionStore, store_of
from tests.serve import postgres_server

SESSIONS = (10, 1_000, 100_000)
LATE = 500
ROUNDS = 200
GOAL = 1.3

_SQLITE = (
    "INSERT INTO sessions (session_id, created_at) WITH RECURSIVE numbers (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    " SELECT lower(hex(randomblob(16))), '2026-01-01T00:00:00.000Z' FROM numbers",
    "INSERT INTO messages (session_id, role, content, created_at, tokens)"
    " SELECT session_id, column1, 'What is said in a session.', '2026', 11"
    " FROM sessions, (VALUES ('user'), ('assistant'))",
)
_POSTGRES = (
    "INSERT INTO llmops_sessions (session_id, tenant, created_at)"
    " SELECT gen_random_uuid(), 'default', '2026-01-01T00:00:00.000Z'"
    " FROM generate_series(1, {count})",
    "INSERT INTO llmops_messages (session_id, role, content, created_at, tokens)"
    " SELECT session_id, role, 'What is said in a session.', '2026', 11"
    " FROM llmops_sessions, (VALUES ('user'), ('assistant')) AS said (role)",
    "VACUUM ANALYZE",
)


class Echo:
    """A model that answers at once."""

    owner = "bench"

    @asynccontextmanager
    async def answer(self, call: ChatCall) -> AsyncIterator[ChatAnswer]:
        """Answer."""
        yield ChatAnswer(200, JSON, b'{"choices":[{"message":{"content":"What is answered."}}]}')


@dataclass(frozen=True)
class Filled:
    """A store with so many sessions in it, and one of them with a long history."""

    store: SessionStore
    conversations: Conversations
    late: SessionKey

    async def turn(self, key: SessionKey) -> float:
        """Return the milliseconds that one turn takes."""
        started = time.perf_counter()
        await self.conversations.say(Talk(key, "What was said?", "echo", Echo()))
        return (time.perf_counter() - started) * 1000

    async def second_turn(self) -> float:
        """Return the milliseconds of the second turn of a new session."""
        key = SessionKey("default", await self.store.create("default"))
        await self.turn(key)
        return await self.turn(key)


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _print("SQLite", asyncio.run(_measured(lambda count: _in_file(folder / str(count), count))))
        if postgres_server.programs() is None:
            print("PostgreSQL: this machine cannot run a server")
            return
        server = stack.enter_context(postgres_server.running())
        _print("PostgreSQL", asyncio.run(_measured(lambda count: _in_database(server, count))))


async def _measured(
    filled: Callable[[int], tuple[SessionSettings, Callable[[], None]]],
) -> dict[tuple[int, int], float]:
    async with AsyncExitStack() as stack:
        stores = {count: await _filled(stack, *filled(count)) for count in SESSIONS}
        taken: dict[tuple[int, int], list[float]] = {}
        # By turns, so that a machine that is busy for a while is so for all of them.
        for _ in range(ROUNDS):
            for count, store in stores.items():
                taken.setdefault((count, 2), []).append(await store.second_turn())
                taken.setdefault((count, LATE), []).append(await store.turn(store.late))
    return {place: statistics.median(times) for place, times in taken.items()}


async def _filled(
    stack: AsyncExitStack, settings: SessionSettings, fill: Callable[[], None]
) -> Filled:
    store = store_of(settings)
    await stack.enter_async_context(store.opened())
    await asyncio.to_thread(fill)
    late = SessionKey("default", await store.create("default"))
    for number in range(LATE - 1):
        said = Row("user", f"What is said {number}.", "2026", 11)
        await store.append(late, said, Row("assistant", "What is answered.", "2026", 9))
    return Filled(store, Conversations(store, "Be brief.", settings), late)


def _in_file(folder: Path, count: int) -> tuple[SessionSettings, Callable[[], None]]:
    def fill() -> None:
        with closing(sqlite3.connect(folder / "sessions.db")) as connection:
            for statement in _SQLITE:
                connection.execute(statement.format(count=count))
            connection.commit()

    return session_settings.read(Environment({"LLMOPS_DATA_DIR": str(folder)})), fill


def _in_database(
    server: postgres_server.PostgresServer, count: int
) -> tuple[SessionSettings, Callable[[], None]]:
    url = server.new_database()

    def fill() -> None:
        for statement in _POSTGRES:
            server.psql(url, statement.format(count=count))

    return session_settings.read(Environment({"LLMOPS_DATABASE_URL": url})), fill


def _print(name: str, medians: dict[tuple[int, int], float]) -> None:
    least = medians[SESSIONS[0], 2]
    for (count, turn), taken in medians.items():
        ratio = taken / least
        told = "" if ratio <= GOAL else f", above the goal of {GOAL}"
        print(
            f"{name:<10} {count:>7} sessions, turn {turn:>3}: {taken:6.2f} ms, "
            f"ratio {ratio:4.2f}{told}"
        )


if __name__ == "__main__":
    main()
