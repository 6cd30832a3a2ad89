"""How many requests are worked on at once; the others wait in line for a short time."""

import asyncio
import math

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.exchange import current
from llmops_cli.serve.limits.paths import LOGINS, WATCHED
from llmops_cli.serve.limits.places import Places
from llmops_cli.serve.limits.refusals import overloaded
from llmops_cli.serve.limits.settings import LimitsSettings
from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect

_SHED = "The API has more to do than it can right now. Please retry later."


class Concurrency:
    """ASGI middleware that lets a number of requests to models in, and sheds what is too much.

    A POST is a request to a model, apart from logins; it holds its place until the answer, or the
    stream, is over. When the line is full, or the wait too long, the answer is 503: an API that
    lets everybody wait answers nobody in time.
    """

    def __init__(self, app: ASGIApp, settings: LimitsSettings) -> None:
        self._app = app
        self._places = Places(settings.max_concurrent)
        self._longest_line = settings.queue_size
        self._seconds = settings.queue_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as soon as there is a place for it."""
        if scope["type"] != "http" or scope["method"] != "POST" or _is_spared(scope["path"]):
            await self._app(scope, receive, send)
        elif self._places.take():
            try:
                await self._app(scope, receive, send)
            finally:
                self._places.give_back()
        elif self._places.waiting < self._longest_line:
            await self._wait(scope, receive, send)
        else:
            await self._shed(scope, receive, send)

    async def _wait(self, scope: Scope, receive: Receive, send: Send) -> None:
        turn = self._places.wait()
        try:
            await _until(turn, self._seconds, scope, receive)
            is_there = turn.done()
            if is_there:
                await self._app(scope, receive, send)
        finally:
            self._places.leave(turn)
        if not is_there:
            await self._shed(scope, receive, send)

    async def _shed(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = current.get()
        assert exchange is not None, "the envelope is around this"
        answer = overloaded(scope, exchange, _SHED, retry_after=math.ceil(self._seconds))
        await answer(scope, receive, send)


async def _until(
    turn: "asyncio.Future[None]", seconds: float, scope: Scope, receive: Receive
) -> None:
    has_left = True
    async with cancelled_by_disconnect(scope, receive):
        await asyncio.wait((turn,), timeout=seconds)
        has_left = False
    if has_left:
        raise ClientDisconnect


def _is_spared(path: str) -> bool:
    return path in LOGINS or path in WATCHED
