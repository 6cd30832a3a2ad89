"""Passes a model's answer on to the client as it comes."""

import json
from collections.abc import AsyncIterator

from starlette.types import Send

from llmops_cli.serve import faults
from llmops_cli.serve.models.chat import ChatAnswer, ModelError

#: nginx, and the ingresses made of it, otherwise collect a stream into blocks before passing it on.
_UNBUFFERED = ((b"x-accel-buffering", b"no"), (b"cache-control", b"no-cache"))


async def relay(answer: ChatAnswer, send: Send, *, owner: str) -> None:
    """Send the answer. Raises ModelError only before the first byte has been sent."""
    if answer.is_stream:
        await _start(answer, send, _UNBUFFERED)
        async for chunk in _with_fault_as_event(answer.chunks, owner):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        body = b"".join([chunk async for chunk in answer.chunks])
        await _start(answer, send, ((b"content-length", str(len(body)).encode()),))
        await send({"type": "http.response.body", "body": body})


async def _start(answer: ChatAnswer, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    every = [(b"content-type", answer.content_type), *answer.headers, *headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": every})


async def _with_fault_as_event(chunks: AsyncIterator[bytes], owner: str) -> AsyncIterator[bytes]:
    """Yield the chunks; a failure half-way becomes a last event, for the status is long sent."""
    try:
        async for chunk in chunks:
            yield chunk
    except ModelError as error:
        incident = faults.report(error, owner=owner)
        fault = faults.openai_error_object(error.status, f"{error} ({incident})", code=error.code)
        # The empty line first ends an event that was cut in the middle.
        yield b"\n\ndata: " + json.dumps({"error": fault}).encode() + b"\n\n"
