"""Answers to requests that are refused for being too much, in the dialect of their path."""

import asyncio
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import Exchange

CLOSE = {"Connection": "close"}

#: A client that has been answered may send on for so many bytes and seconds before it is cut off.
#: Most clients read an answer only when they have sent everything.
_DRAINED_BYTES = 32 * 1024 * 1024
_DRAINED_SECONDS = 5.0


def too_much(
    scope: Scope, status: int, message: str, *, code: str, headers: dict[str, str]
) -> JSONResponse:
    """Return the refusal of a request that is too large, too slow or one too many (4xx)."""
    if speaks_openai(scope):
        return faults.openai_error(status, message, code=code, headers=headers)
    return JSONResponse({"detail": message}, status, headers)


def overloaded(scope: Scope, exchange: Exchange, message: str, *, retry_after: int) -> JSONResponse:
    """Return the 503 of an API that has more to do than it can."""
    status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(retry_after)}
    exchange.incident_id = faults.new_incident()
    if speaks_openai(scope):
        return faults.openai_error(status, message, code="overloaded", headers=headers)
    body = faults.incident_body("ServiceUnavailable", message, exchange.incident_id, message)
    return JSONResponse(body, status, headers)


def speaks_openai(scope: Scope) -> bool:
    """Whether errors of this path have the shape of the OpenAI API's."""
    return str(scope["path"]).startswith("/v1/")


async def answer_and_close(
    answer: JSONResponse, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send the whole answer, then read what still comes of the body, and close.

    Closing with unread bytes resets the connection, and the client may lose the answer with it
    (RFC 9112, 9.6). So the end of the answer, which closes, is held back for a while.
    """

    async def without_end(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "more_body": True}
        await send(message)

    answer.headers["Connection"] = "close"
    await answer(scope, receive, without_end)
    await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    left = _DRAINED_BYTES
    try:
        async with asyncio.timeout(_DRAINED_SECONDS):
            while left > 0:
                message = await receive()
                if not message.get("more_body"):
                    return
                left -= len(message["body"])
    except TimeoutError:
        return
