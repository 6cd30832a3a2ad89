"""Passes a model's answer on to the client as it comes."""

import json
import time
from collections.abc import AsyncIterator

from starlette.types import Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.models.chat import ChatAnswer, ModelError

#: nginx, and the ingresses made of it, otherwise collect a stream into blocks before passing it on.
_UNBUFFERED = ((b"x-accel-buffering", b"no"), (b"cache-control", b"no-cache"))

#: A comment, which every reader of server-sent events skips (WHATWG HTML, 9.2.6).
_SIGN_OF_LIFE = b": still here\n\n"


#: Where our server puts what writes a part of a body that has begun, among the extensions.
DIRECT = "llmops.direct"


async def relay(answer: ChatAnswer, scope: Scope, send: Send, exchange: Exchange) -> None:
    """Send the answer. A failure half-way becomes a last event: the status is long sent."""
    if answer.chunks is None:
        await _start(answer, send, ((b"content-length", b"%d" % len(answer.body)),))
        await send({"type": "http.response.body", "body": answer.body})
        return
    exchange.is_stream = True
    await _start(answer, send, _UNBUFFERED)
    try:
        await _pass_on(answer.chunks, scope, send, exchange)
    except ModelError as error:
        await send(_body(_fault(error, exchange), more=True))
    await send(_body(b"", more=False))


async def _pass_on(
    chunks: AsyncIterator[bytes], scope: Scope, send: Send, exchange: Exchange
) -> None:
    async for chunk in chunks:
        if not chunk:
            chunk = _SIGN_OF_LIFE  # noqa: PLW2901
        elif exchange.first_chunk_at is None:
            exchange.first_chunk_at = time.perf_counter()
            _push(chunks, scope)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _push(chunks: AsyncIterator[bytes], scope: Scope) -> None:
    """From now on, have tokens go straight to the client, where stream and server can do that."""
    direct = scope.get("extensions", {}).get(DIRECT)
    push_to = getattr(chunks, "push_to", None)
    if direct is not None and push_to is not None:
        push_to(direct)


def _body(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _start(answer: ChatAnswer, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    every = [(b"content-type", answer.content_type), *answer.headers, *headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": every})


def _fault(error: ModelError, exchange: Exchange) -> bytes:
    faults.report(error, exchange)
    # The empty line first ends an event that was cut in the middle.
    return b"\n\ndata: " + json.dumps(faults.openai_body(error, exchange)).encode() + b"\n\n"
