"""The one place where a session asks a model: for a text, or for a stream to pass on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from llmops_cli.serve.models.answers import text_of
from llmops_cli.serve.models.chat import (
    ChatAnswer,
    ChatCall,
    ChatModel,
    UpstreamAnswerError,
    UpstreamStatusError,
)
from llmops_cli.serve.sessions.streaming import Keep, kept


async def ask(model: ChatModel, fields: dict[str, Any]) -> str:
    """Return what the model says. Raises ModelError, also where it refuses the request."""
    async with _answering(model, fields) as answer:
        return text_of(answer)


@asynccontextmanager
async def ask_for_stream(
    model: ChatModel, fields: dict[str, Any], keep: Keep
) -> AsyncIterator[ChatAnswer]:
    """Ask for a stream, whose text is given to ``keep`` at its end. Raises ModelError."""
    async with _answering(model, {**fields, "stream": True}) as answer:
        if answer.chunks is None:
            raise UpstreamAnswerError("The upstream's answer is no stream")
        yield replace(answer, chunks=kept(answer.chunks, keep))


@asynccontextmanager
async def _answering(model: ChatModel, fields: dict[str, Any]) -> AsyncIterator[ChatAnswer]:
    async with model.answer(ChatCall(json.dumps(fields).encode(), fields)) as answer:
        if answer.status >= 400:
            raise UpstreamStatusError(f"The upstream answered {answer.status}")
        yield answer
