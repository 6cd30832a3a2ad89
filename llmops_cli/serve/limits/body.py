"""How large a request body may be, and what becomes of one that hardly comes."""

import asyncio
from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve.exchange import CLIENT_LEFT, current
from llmops_cli.serve.limits.refusals import answer_and_close, speaks_openai, too_much
from llmops_cli.serve.process.lateness import IS_LATE, READER

_CHUNKED = -1


class TooLargeError(BaseException):
    """The body has passed the limit. Not an Exception, so that no route makes it an answer."""

    def __init__(self, received: int) -> None:
        super().__init__()
        self.received = received


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than ``most`` bytes.

    A length that is declared is refused before a byte of it has been read; only a body that
    declares none is counted as it comes. A body that the server has given up waiting for is
    answered with 408.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is too large."""
        length = _declared(scope["headers"]) if scope["type"] == "http" else 0
        if length > self._most:
            await answer_and_close(self._too_large(scope, length), scope, receive, send)
            return
        if length:
            scope[READER] = asyncio.current_task()
        counted = _counted(receive, self._most) if length == _CHUNKED else receive
        try:
            await self._app(scope, counted, send)
        except TooLargeError as error:
            answer = self._too_large(scope, error.received)
            await answer_and_close(answer, scope, receive, send)
        except asyncio.CancelledError:
            if IS_LATE not in scope:
                raise
            scope[READER].uncancel()
            await answer_and_close(_too_slow(scope), scope, receive, send)

    def _too_large(self, scope: Scope, received: int) -> JSONResponse:
        message = f"Request body too large. Maximum size is {_in_words(self._most)}"
        if speaks_openai(scope):
            return too_much(scope, 413, message, code="request_too_large", headers={})
        body = {"detail": message, "max_bytes": self._most, "received_bytes": received}
        return JSONResponse(body, 413)


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> int:
    # The parser has refused requests with both headers, and lengths that are no number.
    for name, value in headers:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return _CHUNKED
    return 0


def _counted(receive: Receive, most: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message["body"])
            if received > most:
                if _is_answered():
                    return {"type": "http.disconnect"}
                raise TooLargeError(received)
        return message

    return counted


def _is_answered() -> bool:
    exchange = current.get()
    return exchange is not None and exchange.status != CLIENT_LEFT


def _too_slow(scope: Scope) -> JSONResponse:
    message = "The request body did not arrive in time"
    return too_much(scope, 408, message, code="request_timeout", headers={})


def _in_words(size: int) -> str:
    for unit, name in ((1024 * 1024, "MB"), (1024, "KB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"
