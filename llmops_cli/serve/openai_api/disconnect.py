"""Ends work as soon as nobody waits for it any more."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

#: Where our server puts what it knows of the client's leaving, among the extensions of a scope.
EXTENSION = "llmops.departure"


class Departure(Protocol):
    """Calls ``then``, if it is set, when the client goes away before the answer is complete.

    ``has_happened`` says that the client left before anybody could set it.
    """

    has_happened: bool
    then: Callable[[], object] | None


class cancelled_by_disconnect:  # noqa: N801 - it is used like contextlib's
    """Cancel what runs inside when the client goes away, and then leave quietly.

    Use it after the request body has been read. It raises ClientDisconnect on entering when the
    client left while the body was read. A cancellation that comes from elsewhere, such
    as a server that stops, is not swallowed. It is a class because the generators of contextlib
    cost more than all that is done here, for every request.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._departure: Departure | None = scope.get("extensions", {}).get(EXTENSION)
        self._receive = receive
        self._has_cancelled = False
        self._work: asyncio.Task[object] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        if self._departure is not None and self._departure.has_happened:
            raise ClientDisconnect
        if self._departure is None:
            self._asking = asyncio.create_task(self._ask())
        else:
            self._departure.then = self._cancel

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if self._departure is not None:
            self._departure.then = None
        elif self._asking is not None:
            self._asking.cancel()
        if kind is not asyncio.CancelledError or not self._has_cancelled:
            return False
        assert self._work is not None, "it has been entered"
        return self._work.uncancel() == 0

    def _cancel(self) -> None:
        assert self._work is not None, "it has been entered"
        self._has_cancelled = True
        self._work.cancel()

    async def _ask(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancel()
