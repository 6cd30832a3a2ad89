"""How many requests one caller may make in a minute."""

import math

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.access.caller import ANONYMOUS
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.limits.origin import network_of
from llmops_cli.serve.limits.paths import WATCHED
from llmops_cli.serve.limits.refusals import too_much
from llmops_cli.serve.limits.windows import Window, Windows


class RateLimit:
    """ASGI middleware that answers 429 to a caller who has used up the minute's allowance.

    A caller is who the credential says, and without one the address. The count is this process's
    own: with three replicas a caller gets up to three times as much.
    """

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._limit = per_minute
        self._windows = Windows()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is one too many."""
        if scope["type"] != "http" or scope["path"] in WATCHED:
            await self._app(scope, receive, send)
            return
        exchange = current.get()
        assert exchange is not None, "the envelope is around this"
        window = self._windows.of(_caller(exchange))
        is_allowed = window.count < self._limit
        window.count += is_allowed
        exchange.headers = _told(self._limit, window)
        if is_allowed:
            await self._app(scope, receive, send)
        else:
            await self._refusal(scope, window)(scope, receive, send)

    def _refusal(self, scope: Scope, window: Window) -> JSONResponse:
        return too_much(
            scope,
            429,
            f"Maximum {self._limit} requests per minute",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(max(1, math.ceil(window.seconds_left)))},
        )


def _caller(exchange: Exchange) -> object:
    caller = exchange.caller
    return network_of(exchange.client) if caller is ANONYMOUS else (caller.tenant, caller.name)


def _told(limit: int, window: Window) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers-07, and those of the OpenAI API.

    The first count seconds, the second write durations such as ``17s``.
    """
    most, left = b"%d" % limit, b"%d" % (limit - window.count)
    reset = b"%d" % math.ceil(window.seconds_left)
    return (
        (b"ratelimit-limit", most),
        (b"ratelimit-remaining", left),
        (b"ratelimit-reset", reset),
        (b"x-ratelimit-limit-requests", most),
        (b"x-ratelimit-remaining-requests", left),
        (b"x-ratelimit-reset-requests", reset + b"s"),
    )
