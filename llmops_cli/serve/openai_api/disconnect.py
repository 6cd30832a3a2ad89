"""Ends work as soon as nobody waits for it any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive


@asynccontextmanager
async def cancelled_by_disconnect(receive: Receive) -> AsyncIterator[None]:
    """Cancel what runs inside when the client goes away, and then leave quietly.

    Use it after the request body has been read. A cancellation that comes from elsewhere, such
    as a server that stops, is not swallowed.
    """
    work = asyncio.current_task()
    assert work is not None
    watch = asyncio.create_task(_cancel_when_gone(receive, work))
    try:
        yield
    except asyncio.CancelledError:
        has_client_left = watch.done() and not watch.cancelled() and watch.exception() is None
        if not has_client_left or work.uncancel() > 0:
            raise
    finally:
        watch.cancel()


async def _cancel_when_gone(receive: Receive, work: asyncio.Task[object]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    work.cancel()
