"""Ends work as soon as nobody waits for it any more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.types import Receive, Scope

#: Where our server puts what it knows of the client's leaving, among the extensions of a scope.
EXTENSION = "llmops.departure"


class Departure(Protocol):
    """Calls ``then``, if it is set, when the client goes away before the answer is complete."""

    then: Callable[[], object] | None


@asynccontextmanager
async def cancelled_by_disconnect(scope: Scope, receive: Receive) -> AsyncIterator[None]:
    """Cancel what runs inside when the client goes away, and then leave quietly.

    Use it after the request body has been read. A cancellation that comes from elsewhere, such
    as a server that stops, is not swallowed.
    """
    work = asyncio.current_task()
    assert work is not None
    watch = _Watch(work)
    stop = watch.start(scope, receive)
    try:
        yield
    except asyncio.CancelledError:
        if not watch.has_cancelled or work.uncancel() > 0:
            raise
    finally:
        stop()


class _Watch:
    """Cancels a task once. Our server tells of a departure; from another it has to be asked."""

    def __init__(self, work: "asyncio.Task[object]") -> None:
        self.has_cancelled = False
        self._work = work

    def start(self, scope: Scope, receive: Receive) -> Callable[[], object]:
        departure: Departure | None = scope.get("extensions", {}).get(EXTENSION)
        if departure is None:
            return asyncio.create_task(self._ask(receive)).cancel
        departure.then = self._cancel

        def stop() -> None:
            departure.then = None

        return stop

    def _cancel(self) -> None:
        self.has_cancelled = True
        self._work.cancel()

    async def _ask(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._cancel()
