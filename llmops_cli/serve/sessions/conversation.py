"""A turn of a session: what was said before, the model, and what is kept of its answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.models.chat import ChatAnswer, ChatModel
from llmops_cli.serve.sessions.asking import ask, ask_for_stream
from llmops_cli.serve.sessions.reply import Reply, parse
from llmops_cli.serve.sessions.session import Row, SessionKey
from llmops_cli.serve.sessions.settings import SessionSettings
from llmops_cli.serve.sessions.store import SessionStore
from llmops_cli.serve.sessions.window import estimate

#: Whole messages that end a session, compared without surrounding spaces and case.
END_WORDS = frozenset({"end", "exit"})


@dataclass(frozen=True)
class Talk:
    """What is said in a session, and to whom: ``name`` is what the model is called."""

    key: SessionKey
    message: str
    name: str
    model: ChatModel


@dataclass(frozen=True)
class Turn:
    """A turn that is under way: the request for the model, and what keeps its answer."""

    fields: dict[str, Any]
    keep: Callable[[str], Awaitable[None]]


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

    async def say(self, talk: Talk) -> Reply:
        """Ask the model and keep both sides of the turn, or neither.

        Raises SessionNotFoundError, StoreUnavailableError or ModelError.
        """
        async with self._turn(talk) as turn:
            content = await ask(talk.model, turn.fields)
            await turn.keep(content)
        return parse(content)

    @asynccontextmanager
    async def stream(self, talk: Talk) -> AsyncIterator[ChatAnswer]:
        """Ask the model for a stream; both sides are kept when it has come to a good end.

        Raises SessionNotFoundError, StoreUnavailableError or ModelError.
        """
        async with (
            self._turn(talk) as turn,
            ask_for_stream(talk.model, turn.fields, turn.keep) as answer,
        ):
            yield answer

    async def end(self, key: SessionKey) -> Reply:
        """End the session after the turn that is under way. Raises SessionNotFoundError."""
        async with self._turn_of(key):
            await self._store.end(key)
        return Reply("Session ended.")

    @asynccontextmanager
    async def _turn(self, talk: Talk) -> AsyncIterator[Turn]:
        """Begin a turn; what is not kept in it leaves nothing behind.

        Turns of one session come one after the other; across processes they may overlap, but
        their rows never mix.
        """
        async with self._turn_of(talk.key):
            question = _row("user", talk.message)
            history = await self._store.latest(talk.key, self._window.kept_rows)
            told = self._window.fitting(history, self._system_tokens + question.tokens)
            said = [{"role": row.role, "content": row.content} for row in (*told, question)]
            fields = {"model": talk.name, "messages": [self._system, *said], **self._limit}

            async def keep(content: str) -> None:
                await self._store.append(talk.key, question, _row("assistant", content))

            yield Turn(fields, keep)

    def _turn_of(self, key: SessionKey) -> asyncio.Lock:
        return self._turns.setdefault(key, asyncio.Lock())


def _row(role: str, content: str) -> Row:
    # Neither half a character nor a zero can be kept by every store; a model may answer with both.
    text = content.encode(errors="replace").decode().replace("\0", "\ufffd")
    return Row(role, text, timestamp(), estimate(text))
