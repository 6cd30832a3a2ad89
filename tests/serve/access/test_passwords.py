"""Verifying passwords stops nobody else, ends, and tells nothing by the time that it takes."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
from pwdlib.hashers.bcrypt import BcryptHasher

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.passwords import MOST_WAITING, Passwords, TooManyLoginsError
from llmops_cli.serve.access.users import User
from tests.serve.access.logins import ADMIN, SECRET
from tests.serve.conftest import Start

#: 2 to this power: verifying a password takes about a second.
SLOW = 14


def passwords(rounds: int) -> Passwords:
    hashed = BcryptHasher(rounds).hash(ADMIN["password"])
    return Passwords([User(Caller("admin", role="admin"), hashed)])


def test_others_are_answered_while_a_password_is_verified(start: Start) -> None:
    slow = BcryptHasher(SLOW).hash(ADMIN["password"])
    api = start(LLMOPS_AUTH="jwt", JWT_SECRET_KEY=SECRET, AUTH_ADMIN_HASH=slow)
    assert api.get("/health").status_code == 200
    with ThreadPoolExecutor(1) as other:
        login = other.submit(httpx2.post, f"{api.address}/auth/login", json=ADMIN, timeout=30)
        answered = 0
        while not login.done():
            assert api.get("/health").status_code == 200
            answered += 1
        assert login.result().status_code == 200
    # It takes a second, and an answer a few milliseconds; without a thread there is one or two.
    assert answered > 20


def test_more_logins_than_can_be_answered_soon_are_turned_away() -> None:
    async def many() -> list[object]:
        verify = passwords(4).caller
        calls = [verify("admin", ADMIN["password"]) for _ in range(MOST_WAITING + 10)]
        found: list[object] = await asyncio.gather(*calls, return_exceptions=True)
        return [*found, await verify("admin", ADMIN["password"])]

    found = asyncio.run(many())
    assert [type(one) for one in found].count(TooManyLoginsError) == 10
    assert found.count(Caller("admin", role="admin")) == MOST_WAITING + 1


def test_a_login_that_is_turned_away_is_told_when_to_try_again(start: Start) -> None:
    slow = BcryptHasher(10).hash(ADMIN["password"])
    api = start(LLMOPS_AUTH="jwt", JWT_SECRET_KEY=SECRET, AUTH_ADMIN_HASH=slow)
    count = 2 * MOST_WAITING

    async def many() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=60) as client:
            url = f"{api.address}/auth/login"
            return await asyncio.gather(*(client.post(url, json=ADMIN) for _ in range(count)))

    answers = asyncio.run(many())
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    turned_away = next(answer for answer in answers if answer.status_code == 503)
    assert turned_away.headers["retry-after"] == "1"
    assert "Too many logins" in turned_away.json()["detail"]


def test_a_name_that_is_nobodys_takes_as_long_as_a_wrong_password() -> None:
    async def seconds(name: str) -> float:
        verify = passwords(SLOW - 2)
        started = time.perf_counter()
        assert await verify.caller(name, "wrong") is None
        return time.perf_counter() - started

    known, unknown = (asyncio.run(seconds(name)) for name in ("admin", "nobody"))
    # Without the verification it would be a thousandth.
    assert unknown > known / 10
