"""A turn of a session: what was said before, the model, and what is kept of its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.models.chat import ChatModel
from llmops_cli.serve.sessions.asking import ask
from llmops_cli.serve.sessions.reply import Reply, parse
from llmops_cli.serve.sessions.session import Row, SessionKey
from llmops_cli.serve.sessions.settings import SessionSettings
from llmops_cli.serve.sessions.store import SessionStore
from llmops_cli.serve.sessions.window import estimate

#: Whole messages that end a session, compared without surrounding spaces and case.
END_WORDS = frozenset({"end", "exit"})


@dataclass(frozen=True)
class Turn:
    """A turn that is under way: the request for the model, and the question in it."""

    key: SessionKey
    fields: dict[str, Any]
    question: Row


class Conversations:
    """Takes turns in sessions, which all begin with the same system prompt."""

    def __init__(self, store: SessionStore, system_prompt: str, settings: SessionSettings) -> None:
        self._store = store
        self._limit = {"max_tokens": settings.max_tokens} if settings.max_tokens else {}
        self._system = {"role": "system", "content": system_prompt}
        self._system_tokens = estimate(system_prompt)
        self._window = settings.window
        # An entry goes with the last turn that holds or awaits its lock.
        self._turns: WeakValueDictionary[SessionKey, asyncio.Lock] = WeakValueDictionary()

    async def say(self, key: SessionKey, message: str, name: str, model: ChatModel) -> Reply:
        """Ask the model called ``name`` and keep both sides of the turn, or neither.

        Raises SessionNotFoundError, StoreUnavailableError or ModelError.
        """
        async with self.turn(key, message, name) as turn:
            content = await ask(model, turn.fields)
            await self.keep(turn, content)
        return parse(content)

    @asynccontextmanager
    async def turn(self, key: SessionKey, message: str, name: str) -> AsyncIterator[Turn]:
        """Begin a turn; what is not kept in it leaves nothing behind.

        Turns of one session come one after the other; across processes they may overlap, but
        their rows never mix.
        """
        async with self._turn_of(key):
            question = _row("user", message)
            history = await self._store.latest(key, self._window.kept_rows)
            told = self._window.fitting(history, self._system_tokens + question.tokens)
            said = [{"role": row.role, "content": row.content} for row in (*told, question)]
            fields = {"model": name, "messages": [self._system, *said], **self._limit}
            yield Turn(key, fields, question)

    async def keep(self, turn: Turn, content: str) -> None:
        """Keep the question and what the model said to it."""
        await self._store.append(turn.key, turn.question, _row("assistant", content))

    async def end(self, key: SessionKey) -> Reply:
        """End the session after the turn that is under way. Raises SessionNotFoundError."""
        async with self._turn_of(key):
            await self._store.end(key)
        return Reply("Session ended.")

    def _turn_of(self, key: SessionKey) -> asyncio.Lock:
        return self._turns.setdefault(key, asyncio.Lock())


def _row(role: str, content: str) -> Row:
    # Neither half a character nor a zero can be kept by every store; a model may answer with both.
    text = content.encode(errors="replace").decode().replace("\0", "\ufffd")
    return Row(role, text, timestamp(), estimate(text))
