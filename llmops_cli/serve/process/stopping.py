"""What callers are told while the process is on its way out."""

import asyncio
import json

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import CLIENT_LEFT, Exchange, current
from llmops_cli.serve.limits.paths import READINESS, WATCHED
from llmops_cli.serve.limits.refusals import answer_and_close, speaks_openai

#: Seconds after which another process has surely taken over.
_RETRY_AFTER = 30
_REFUSAL = "Service is shutting down. Please retry later."
_CODE = "shutting_down"


class Stopping:
    """How far the process is on its way out; the server writes it, `Farewell` reads it."""

    __slots__ = ("is_announced", "is_over", "is_refusing")

    def __init__(self) -> None:
        #: It has been told to stop: load balancers must send nothing more.
        self.is_announced = False
        #: New requests are turned away.
        self.is_refusing = False
        #: The time of requests under way has run out.
        self.is_over = False


class Farewell:
    """ASGI middleware that says that the process is stopping, to whom that concerns."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it comes too late."""
        if self._stopping.is_announced and scope["type"] == "http":
            if scope["path"] in READINESS:
                await _draining(scope, receive, send)
                return
            if self._stopping.is_refusing and scope["path"] not in WATCHED:
                await answer_and_close(_refusal(scope), scope, receive, send)
                return
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            exchange = current.get()
            if not self._stopping.is_over or exchange is None:
                raise
            await _cut(exchange, scope, receive, send)


async def _draining(scope: Scope, receive: Receive, send: Send) -> None:
    body = {"status": "draining", "checks": {}}
    await JSONResponse(body, 503, {"Retry-After": str(_RETRY_AFTER)})(scope, receive, send)


def _refusal(scope: Scope) -> JSONResponse:
    headers = {"Retry-After": str(_RETRY_AFTER)}
    if speaks_openai(scope):
        return faults.openai_error(503, _REFUSAL, code=_CODE, headers=headers)
    return JSONResponse({"detail": _REFUSAL, "retry_after": _RETRY_AFTER}, 503, headers)


async def _cut(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    """End a request that is not done in time so that its client can tell that from an answer."""
    if exchange.status == CLIENT_LEFT:
        await answer_and_close(_refusal(scope), scope, receive, send)
    elif exchange.is_stream:
        error = {"error": faults.openai_error_object(503, _REFUSAL, code=_CODE)}
        # The empty line first ends an event that was cut in the middle.
        event = b"\n\ndata: " + json.dumps(error).encode() + b"\n\n"
        await send({"type": "http.response.body", "body": event})
