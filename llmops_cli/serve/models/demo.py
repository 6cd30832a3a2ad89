"""The built-in demo model: deterministic, free, and in the exact shapes of the OpenAI API."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from llmops_cli.serve.exchange import note_usage
from llmops_cli.serve.faults import openai_error_object
from llmops_cli.serve.models import demo_memory, demo_request
from llmops_cli.serve.models.chat import EVENT_STREAM, JSON, ChatAnswer, ChatCall
from llmops_cli.serve.models.demo_request import DemoRequest, DemoRequestError
from llmops_cli.serve.models.usage import Usage

#: Seconds between two words of a stream: long enough to see whether something buffers them.
WORD_SECONDS = 0.01


class DemoModel:
    """Answers from the conversation it is given. A word counts as a token."""

    owner = "llmops"

    @asynccontextmanager
    async def answer(self, call: ChatCall) -> AsyncIterator[ChatAnswer]:
        """Answer; a request with fields of the wrong type is answered with a 400."""
        try:
            request = demo_request.read(call.fields)
        except DemoRequestError as error:
            yield _refusal(error)
            return
        completion = _Completion(call.model, request)
        note_usage(completion.tokens)
        if call.wants_stream:
            yield ChatAnswer(200, EVENT_STREAM, chunks=completion.events())
        else:
            yield ChatAnswer(200, JSON, completion.whole())


class _Completion:
    def __init__(self, model: str, request: DemoRequest) -> None:
        self._head = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
        }
        self._request = request
        every_word = _words(request)
        self._words = every_word[: request.most_words]
        self._finish_reason = "stop" if len(self._words) == len(every_word) else "length"

    def whole(self) -> bytes:
        message = {"role": "assistant", "content": "".join(self._words), "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self._finish_reason,
        }
        return json.dumps(
            {**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage()}
        ).encode()

    async def events(self) -> AsyncIterator[bytes]:
        yield self._event(self._delta({"role": "assistant", "content": ""}))
        for word in self._words:
            await asyncio.sleep(WORD_SECONDS)
            yield self._event(self._delta({"content": word}))
        yield self._event(self._delta({}, self._finish_reason))
        if self._request.includes_usage:
            yield self._event([], self._usage())
        yield b"data: [DONE]\n\n"

    def _delta(self, delta: dict[str, str], finish_reason: str | None = None) -> Sequence[Any]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]

    def _event(self, choices: Sequence[Any], usage: Any = None) -> bytes:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices}
        if self._request.includes_usage:
            chunk["usage"] = usage
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    @property
    def tokens(self) -> Usage:
        """The words of the question and of the answer."""
        prompt = sum(len(text.split()) for text in self._request.texts)
        return Usage(prompt, len(self._words))

    def _usage(self) -> dict[str, int]:
        prompt = self.tokens.prompt_tokens or 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": len(self._words),
            "total_tokens": prompt + len(self._words),
        }


def _words(request: DemoRequest) -> list[str]:
    """Return the answer in pieces that join to the whole text, spaces included."""
    if request.count_to is not None:
        return [f"{number} " for number in range(1, request.count_to + 1)]
    text = demo_memory.reply(request.said, len(request.texts))
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]


def _refusal(error: DemoRequestError) -> ChatAnswer:
    fault = openai_error_object(400, str(error), param=error.param)
    return ChatAnswer(400, JSON, json.dumps({"error": fault}).encode())
