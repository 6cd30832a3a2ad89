"""What both kinds of store promise: one session, one tenant, whole turns, and an end in time."""

import asyncio
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.sessions import settings as session_settings
from llmops_cli.serve.sessions.expiry import sweeping
from llmops_cli.serve.sessions.session import Row, SessionKey, SessionNotFoundError
from llmops_cli.serve.sessions.store import SessionStore, store_of
from tests.serve.postgres_server import PostgresServer
from tests.serve.sessions.conftest import Keeping

Result = TypeVar("Result")
Scenario = Callable[[SessionStore], Awaitable[Result]]

HELLO = (Row("user", "Hello", "2026-01-01T00:00:00.000Z", 5), Row("assistant", "Hi", "2026", 4))


def of(keeping: Keeping, **variables: str) -> SessionStore:
    environment = Environment({**keeping, **variables})
    store = store_of(session_settings.read(environment))
    assert environment.problems == []
    return store


def within(keeping: Keeping, scenario: Scenario[Result], **variables: str) -> Result:
    """Play a scenario in a store that is opened for it."""

    async def played() -> Result:
        store = of(keeping, **variables)
        async with store.opened():
            return await scenario(store)

    return asyncio.run(played())


@pytest.fixture
def age(keeping: Keeping, request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Make every session that is there so many days older."""

    def by(days: int) -> None:
        url = keeping.get("LLMOPS_DATABASE_URL")
        if url:
            server: PostgresServer = request.getfixturevalue("postgres")
            server.psql(
                url, f"UPDATE llmops_sessions SET last_used = last_used - '{days} d'::interval"
            )
            return
        path = Path(keeping["LLMOPS_DATA_DIR"]) / "sessions.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE sessions SET last_used = last_used - ? * 86400", (days,))
            connection.commit()

    return by


async def gone(asked: Awaitable[object]) -> bool:
    try:
        await asked
    except SessionNotFoundError:
        return True
    return False


async def is_gone_for(store: SessionStore, key: SessionKey) -> list[bool]:
    return [
        await gone(store.latest(key, 2)),
        await gone(store.append(key, *HELLO)),
        await gone(store.end(key)),
        await gone(store.read(key)),
        await gone(store.delete(key)),
    ]


def test_rows_are_kept_in_the_order_of_their_turns(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        key = SessionKey("a", await store.create("a"))
        assert await store.latest(key, 0) == []
        assert await store.latest(key, 4) == []
        await store.append(key, *HELLO)
        await store.append(key, *HELLO)
        session = await store.read(key)
        assert session.rows == HELLO + HELLO
        assert (session.summary.id, session.summary.is_active) == (key.id, True)
        assert await store.latest(key, 3) == [HELLO[1], *HELLO]

    within(keeping, scenario)


def test_turns_that_several_replicas_keep_at_once_never_mix(keeping: Keeping) -> None:
    async def told(store: SessionStore, key: SessionKey, name: str) -> None:
        for number in range(20):
            said = f"{name} {number}"
            await store.append(key, Row("user", said, "2026", 1), Row("assistant", said, "2026", 1))

    async def scenario(one: SessionStore) -> None:
        other = of(keeping)
        async with other.opened():
            key = SessionKey("a", await one.create("a"))
            stores = (one, other) * 3
            await asyncio.gather(
                *(told(store, key, str(number)) for number, store in enumerate(stores))
            )
            rows = (await one.read(key)).rows
        assert len(rows) == 2 * 20 * 6
        for question, answer in zip(rows[::2], rows[1::2], strict=True):
            assert (question.role, answer.role) == ("user", "assistant")
            assert question.content == answer.content

    within(keeping, scenario)


def test_another_tenant_finds_nothing_whatever_it_asks(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        mine = SessionKey("mine", await store.create("mine"))
        await store.append(mine, *HELLO)
        assert all(await is_gone_for(store, SessionKey("theirs", mine.id)))
        assert await store.page("theirs", None, 10) == []
        assert (await store.read(mine)).rows == HELLO
        assert (await store.read(mine)).summary.is_active

    within(keeping, scenario)


@pytest.mark.parametrize(
    "session_id", [str(uuid.UUID(int=7, version=4)), "none", "", "\0", "ä", "' OR 1=1 --"]
)
def test_what_is_no_session_is_not_found(keeping: Keeping, session_id: str) -> None:
    async def scenario(store: SessionStore) -> None:
        assert all(await is_gone_for(store, SessionKey("a", session_id)))

    within(keeping, scenario)


def test_an_id_in_another_spelling_is_another_id(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        session_id = await store.create("a")
        for spelling in (session_id.upper(), session_id.replace("-", ""), f"{{{session_id}}}"):
            assert await gone(store.latest(SessionKey("a", spelling), 1))

    within(keeping, scenario)


def test_an_ended_session_takes_no_message_and_stays_readable(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        key = SessionKey("a", await store.create("a"))
        await store.append(key, *HELLO)
        await store.end(key)
        assert await gone(store.append(key, *HELLO))
        assert await gone(store.latest(key, 1))
        assert await gone(store.end(key))
        session = await store.read(key)
        assert (session.rows, session.summary.is_active) == (HELLO, False)

    within(keeping, scenario)


def test_a_deleted_session_leaves_nothing_behind(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        key, other = [SessionKey("a", await store.create("a")) for _ in range(2)]
        await store.append(key, *HELLO)
        await store.append(other, *HELLO)
        await store.delete(key)
        assert all(await is_gone_for(store, key))
        assert (await store.read(other)).rows == HELLO

    within(keeping, scenario)


def test_the_sessions_of_a_tenant_come_in_pages_the_newest_first(keeping: Keeping) -> None:
    async def scenario(store: SessionStore) -> None:
        made = {await store.create("a") for _ in range(7)}
        await store.create("b")
        found = list(await store.page("a", None, 3))
        while page := await store.page("a", found[-1].place, 3):
            found += page
        assert {session.id for session in found} == made
        assert len(found) == 7
        places = [(session.created_at, session.id) for session in found]
        assert places == sorted(places, reverse=True)

    within(keeping, scenario)


def test_a_session_expires_some_days_after_its_last_message(
    keeping: Keeping, age: Callable[[int], None]
) -> None:
    async def begun(store: SessionStore) -> tuple[SessionKey, SessionKey]:
        used, idle = [SessionKey("a", await store.create("a")) for _ in range(2)]
        await store.append(used, *HELLO)
        return used, idle

    async def used_again(store: SessionStore) -> None:
        await store.append(used, *HELLO)

    async def looked_for(store: SessionStore) -> None:
        assert all(await is_gone_for(store, idle))
        assert [session.id for session in await store.page("a", None, 9)] == [used.id]
        assert len((await store.read(used)).rows) == 4

    async def kept(store: SessionStore) -> None:
        assert len(await store.page("a", None, 9)) == 2
        assert not await store.sweep()

    used, idle = within(keeping, begun)
    age(8)
    within(keeping, used_again)
    within(keeping, looked_for, LLMOPS_SESSION_DAYS="7")
    within(keeping, kept, LLMOPS_SESSION_DAYS="9")
    age(10_000)
    within(keeping, kept, LLMOPS_SESSION_DAYS="0")


def test_expired_sessions_are_removed_in_the_background(
    keeping: Keeping, age: Callable[[int], None]
) -> None:
    async def begun(store: SessionStore) -> None:
        for _ in range(120):
            await store.append(SessionKey("a", await store.create("a")), *HELLO)

    async def swept(store: SessionStore) -> None:
        fresh = SessionKey("a", await store.create("a"))
        await store.append(fresh, *HELLO)
        watching = of(keeping, LLMOPS_SESSION_DAYS="0")
        async with watching.opened(), sweeping(store, 0.001):
            async with asyncio.timeout(30):
                while len(await watching.page("a", None, 200)) > 1:
                    await asyncio.sleep(0.01)
            assert (await watching.read(fresh)).rows == HELLO

    within(keeping, begun)
    age(31)
    within(keeping, swept)


def test_one_sweep_removes_only_a_few(keeping: Keeping, age: Callable[[int], None]) -> None:
    async def begun(store: SessionStore) -> None:
        for _ in range(60):
            await store.create("a")

    async def swept(store: SessionStore) -> None:
        assert await store.sweep()
        assert not await store.sweep()

    async def counted(store: SessionStore) -> int:
        return len(await store.page("a", None, 100))

    within(keeping, begun)
    age(31)
    within(keeping, swept)
    assert within(keeping, counted, LLMOPS_SESSION_DAYS="0") == 0


def test_the_store_says_that_it_can_be_written(keeping: Keeping) -> None:
    assert within(keeping, lambda store: store.probe()) == ""
