"""Around every request: its id, the release, safe headers, one log line and the last catch."""

import random
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import CLIENT_LEFT, Exchange, current

#: Is told of every exchange when it begins, with what the server knows of the request.
Beginner = Callable[[Exchange, Scope], None]
#: Is told of every exchange when it is over.
Observer = Callable[[Exchange], None]

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
_NOT_STORED = (b"cache-control", b"no-store")


class Envelope:
    """ASGI middleware around everything. It buffers nothing and adds no task.

    This is the one place that catches what nothing else expected: the client gets a 500 with an
    incident id, and the log has the traceback.
    """

    def __init__(
        self,
        app: ASGIApp,
        release: str,
        *,
        began: Sequence[Beginner] = (),
        over: Sequence[Observer] = (),
        template_of: Callable[[str], str] = lambda path: "",
    ) -> None:
        self._app = app
        self._headers = ((b"x-release", release.encode()), *_SAFE_HEADERS)
        self._began = tuple(began)
        self._over = tuple(over)
        self._template_of = template_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        exchange = Exchange(request_id.decode(), scope)
        current.set(exchange)
        for begin in self._began:
            begin(exchange, scope)
        sealed = self._sealing(send, exchange, request_id)
        try:
            await self._app(scope, receive, sealed)
        except ClientDisconnect:
            pass
        except Exception:  # noqa: BLE001 - the one handler
            answer = faults.unexpected(exchange)
            if exchange.status == CLIENT_LEFT:
                await answer(scope, receive, sealed)
        finally:
            self._finish(exchange, scope)
            for observe in self._over:
                observe(exchange)

    def _finish(self, exchange: Exchange, scope: Scope) -> None:
        exchange.end()
        if not exchange.route:
            # The template, because a path may hold what a client should not have put there.
            template = getattr(scope.get("route"), "path", "") or self._template_of(exchange.path)
            exchange.route = template or "(no route)"

    def _sealing(self, send: Send, exchange: Exchange, request_id: bytes) -> Send:
        ours = (*self._headers, (b"x-request-id", request_id))

        # No coroutine of its own: a stream comes through here for every token.
        def sealed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = _sealed(message.get("headers", ()), (*ours, *exchange.headers))
            return send(message)

        return sealed


def _sealed(headers: Iterable[Any], ours: Sequence[tuple[bytes, bytes]]) -> list[Any]:
    # Ours take the place of others of that name, such as the rate limits of an upstream.
    names = {header[0] for header in ours}
    sealed = [header for header in headers if header[0] not in names]
    sealed.extend(ours)
    if not any(header[0] == b"cache-control" for header in sealed):
        sealed.append(_NOT_STORED)
    return sealed


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    # It has to be different, not secret: no call of the system is made for it.
    return b"req_%016x" % random.getrandbits(64)
