"""Work ends when its client leaves, and only that cancellation is swallowed."""

import asyncio
from typing import Any

import pytest

from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect


def leaves_on(event: asyncio.Event) -> Any:
    async def receive() -> dict[str, Any]:
        await event.wait()
        return {"type": "http.disconnect"}

    return receive


def test_work_ends_with_its_client_and_what_comes_after_goes_on() -> None:
    async def scenario() -> str:
        gone = asyncio.Event()
        asyncio.get_running_loop().call_soon(gone.set)
        async with cancelled_by_disconnect(leaves_on(gone)):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return "went on"

    assert asyncio.run(scenario()) == "went on"


def test_a_cancellation_from_elsewhere_is_passed_on() -> None:
    async def work(started: asyncio.Event) -> None:
        async with cancelled_by_disconnect(leaves_on(asyncio.Event())):
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


def test_work_that_is_done_leaves_no_watcher() -> None:
    async def scenario() -> int:
        async with cancelled_by_disconnect(leaves_on(asyncio.Event())):
            pass
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(scenario()) == 1
