"""Work ends when its client leaves, and only that cancellation is swallowed."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from llmops_cli.serve.openai_api.disconnect import EXTENSION, cancelled_by_disconnect


class Departure:
    then: Callable[[], object] | None = None
    has_happened = False


class TellingServer:
    """A server, such as ours, that tells of a departure."""

    def __init__(self) -> None:
        self.departure = Departure()

    def leave(self) -> None:
        if self.departure.then is not None:
            self.departure.then()

    def watched(self) -> AbstractAsyncContextManager[None]:
        async def receive() -> Any:
            raise AssertionError("nobody has to ask")

        return cancelled_by_disconnect({"extensions": {EXTENSION: self.departure}}, receive)


class AskedServer:
    """A server that has to be asked, as ASGI has it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    def leave(self) -> None:
        self.gone.set()

    def watched(self) -> AbstractAsyncContextManager[None]:
        async def receive() -> dict[str, Any]:
            await self.gone.wait()
            return {"type": "http.disconnect"}

        return cancelled_by_disconnect({}, receive)


Server = type[TellingServer] | type[AskedServer]
both = pytest.mark.parametrize("server", [TellingServer, AskedServer])


@both
def test_work_ends_with_its_client_and_what_comes_after_goes_on(server: Server) -> None:
    async def scenario() -> str:
        client = server()
        asyncio.get_running_loop().call_soon(client.leave)
        async with client.watched():
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return "went on"

    assert asyncio.run(scenario()) == "went on"


@both
def test_a_cancellation_from_elsewhere_is_passed_on(server: Server) -> None:
    async def work(started: asyncio.Event) -> None:
        async with server().watched():
            started.set()
            await asyncio.Event().wait()

    async def scenario() -> None:
        started = asyncio.Event()
        task = asyncio.create_task(work(started))
        await started.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


@both
def test_work_that_is_done_is_watched_no_longer(server: Server) -> None:
    async def scenario() -> int:
        client = server()
        async with client.watched():
            pass
        for _ in range(3):
            client.leave()
            await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(scenario()) == 1


def test_nothing_is_begun_for_a_client_that_has_already_left() -> None:
    server = TellingServer()
    server.departure.has_happened = True

    async def scenario() -> None:
        async with server.watched():
            raise AssertionError("nobody waits for this")

    with pytest.raises(ClientDisconnect):
        asyncio.run(scenario())
