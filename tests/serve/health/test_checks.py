"""A dependency is asked seldom, once for all who wait, and soon again when it was not well (H3)."""

import asyncio
from collections.abc import Awaitable

from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.health.checks import Check, Checks


class Dependency:
    """Something that is asked, and what it says."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def probe(self) -> str:
        self.asked += 1
        await self.may_answer.wait()
        return self.trouble


def ended(status: int, route: str, failure: str) -> Exchange:
    exchange = Exchange("id", {"method": "GET", "path": route})
    exchange.status, exchange.route, exchange.failure = status, route, failure
    return exchange


def run(test: Awaitable[None]) -> None:
    async def main() -> None:
        await test

    asyncio.run(main())


def test_ten_calls_are_one_probe() -> None:
    async def test() -> None:
        dependency = Dependency()
        asked = Checks({"store": dependency.probe})
        for _ in range(10):
            assert (await asked.results())["store"].trouble == ""
        assert dependency.asked == 1
        await asked.results(is_fresh=True)
        assert dependency.asked == 2

    run(test())


def test_ten_callers_at_once_are_one_probe_even_if_the_first_one_leaves() -> None:
    async def test() -> None:
        dependency = Dependency("down")
        dependency.may_answer.clear()
        check = Check("store", dependency.probe)
        callers = [asyncio.create_task(check.result(is_fresh=True)) for _ in range(10)]
        await asyncio.sleep(0)
        callers[0].cancel()
        dependency.may_answer.set()
        results = await asyncio.gather(*callers[1:])
        assert {result.trouble for result in results} == {"down"}
        assert dependency.asked == 1

    run(test())


def test_a_bad_result_is_asked_for_again_sooner_than_a_good_one() -> None:
    async def test() -> None:
        seconds = 0.0
        dependency = Dependency("down")
        check = Check("store", dependency.probe, lambda: seconds)
        assert (await check.result()).trouble == "down"
        dependency.trouble = ""
        assert (await check.result()).trouble == "down"
        seconds += 1
        assert (await check.result()).trouble == ""
        dependency.trouble = "down"
        seconds += 1
        assert (await check.result()).trouble == ""
        seconds += 30
        assert (await check.result()).trouble == "down"
        assert dependency.asked == 3

    run(test())


def test_a_request_that_failed_makes_a_good_result_doubtful() -> None:
    async def test() -> None:
        dependency = Dependency()
        checks = Checks({"store": dependency.probe})
        assert (await checks.results())["store"].trouble == ""
        dependency.trouble = "down"
        for status, route, failure in (
            (200, "/sessions", ""),
            (502, "/v1/chat/completions", "upstream_timeout"),
            (503, "/health/detailed", ""),
        ):
            checks.over(ended(status, route, failure))
            assert (await checks.results())["store"].trouble == ""
        checks.over(ended(503, "/sessions", ""))
        assert (await checks.results())["store"].trouble == "down"
        assert dependency.asked == 2

    run(test())
