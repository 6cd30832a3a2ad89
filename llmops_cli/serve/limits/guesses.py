"""How many wrong credentials one address may present in a minute."""

import math
from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve.exchange import current
from llmops_cli.serve.limits.origin import network_of
from llmops_cli.serve.limits.paths import LOGINS
from llmops_cli.serve.limits.refusals import too_much
from llmops_cli.serve.limits.windows import Windows

_CREDENTIALS = (b"authorization", b"x-api-key")
_UNAUTHORIZED = 401


class GuessLimit:
    """ASGI middleware around the gate. It counts the 401s that credentials got.

    Once an address has used up its wrong guesses, a login is refused with 429 before the password
    is looked at. A key is looked at all the same, and only a wrong one gets 429: keys are too long
    to be guessed, and whoever shares the address with an attacker must not be locked out.
    """

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._limit = per_minute
        self._windows = Windows()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is a guess too many."""
        exchange = current.get()
        if scope["type"] != "http" or exchange is None:
            await self._app(scope, receive, send)
            return
        is_exhausted = bool(self._windows) and self._is_exhausted(exchange.client)
        is_login = is_exhausted and scope["path"] in LOGINS
        if is_login:
            await self._refusal(scope, exchange.client)(scope, receive, send)
        elif is_exhausted:
            await self._app(scope, receive, self._hiding(scope, receive, send))
        else:
            await self._app(scope, receive, send)
            if exchange.status == _UNAUTHORIZED and _is_guess(scope):
                self._windows.of(network_of(exchange.client)).count += 1

    def _is_exhausted(self, client: str) -> bool:
        return self._windows.count_of(network_of(client)) >= self._limit

    def _hiding(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Return a send that makes a 429 of a 401."""
        exchange = current.get()
        assert exchange is not None
        refusal = self._refusal(scope, exchange.client)
        is_refused = False

        async def hiding(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] == _UNAUTHORIZED:
                is_refused = _is_guess(scope)
                if is_refused:
                    await refusal(scope, receive, send)
            if not is_refused:
                await send(message)

        return hiding

    def _refusal(self, scope: Scope, client: str) -> JSONResponse:
        left = self._windows.of(network_of(client)).seconds_left
        return too_much(
            scope,
            429,
            "Too many wrong credentials from this address",
            code="too_many_wrong_credentials",
            headers={"Retry-After": str(max(1, math.ceil(left)))},
        )


def _is_guess(scope: Scope) -> bool:
    return scope["path"] in LOGINS or _has_credential(scope["headers"])


def _has_credential(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name in _CREDENTIALS for name, _ in headers)
