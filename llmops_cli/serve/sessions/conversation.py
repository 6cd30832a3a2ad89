"""A turn of a session: what was said before, the model, and what is kept of its answer."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.models.answers import text_of
from llmops_cli.serve.models.chat import (
    ChatCall,
    ChatModel,
    UpstreamStatusError,
)
from llmops_cli.serve.sessions.store import SessionStore
from llmops_cli.serve.sessions.tables import Row

#: Whole messages that end a session, compared without surrounding spaces and case.
END_WORDS = frozenset({"end", "exit"})


@dataclass(frozen=True)
class Reply:
    """What the assistant says: an answer, actions, and questions that could follow."""

    answer: str
    actions: tuple[Any, ...] = ()
    follow_up_questions: tuple[Any, ...] = ()


class Conversations:
    """Takes turns in sessions. ``history_rows`` limits what a model gets, the new row included;
    ``max_tokens`` limits what it answers, and 0 leaves that to the model.
    """

    def __init__(
        self, store: SessionStore, system_prompt: str, history_rows: int, max_tokens: int
    ) -> None:
        self._store = store
        self._limit = {"max_tokens": max_tokens} if max_tokens else {}
        self._system = {"role": "system", "content": system_prompt}
        # Whole turns only: many chat templates refuse a history that begins with the assistant.
        self._kept_rows = (history_rows - 1) // 2 * 2
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def say(self, session_id: str, message: str, name: str, model: ChatModel) -> Reply:
        """Ask the model called ``name`` and keep both sides of the turn, or neither.

        Turns of one session come one after the other; across processes they may overlap, but
        their rows never mix. Raises SessionNotFoundError or ModelError.
        """
        async with self._turn_of(session_id):
            said_at = timestamp()
            history = await self._store.latest(session_id, self._kept_rows)
            messages = [self._system, *_messages(history, message)]
            content = await _ask(model, {"model": name, "messages": messages, **self._limit})
            question = Row("user", message, said_at)
            await self._store.append(session_id, question, Row("assistant", content, timestamp()))
        return parse(content)

    async def end(self, session_id: str) -> Reply:
        """End the session after the turn that is under way. Raises SessionNotFoundError."""
        async with self._turn_of(session_id):
            await self._store.end(session_id)
        return Reply("Session ended.")

    def _turn_of(self, session_id: str) -> asyncio.Lock:
        return self._turns.setdefault(session_id, asyncio.Lock())


def parse(content: str) -> Reply:
    """Read the model's JSON object; anything else is the answer as it stands."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return Reply(content)
    if not isinstance(found, dict) or not isinstance(found.get("answer"), str):
        return Reply(content)
    return Reply(
        found["answer"], _items(found.get("actions")), _items(found.get("follow_up_questions"))
    )


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _messages(history: Sequence[Row], message: str) -> list[dict[str, str]]:
    said = [{"role": row.role, "content": row.content} for row in history]
    return [*said, {"role": "user", "content": message}]


async def _ask(model: ChatModel, fields: dict[str, Any]) -> str:
    async with model.answer(ChatCall(json.dumps(fields).encode(), fields)) as answer:
        if answer.status >= 400:
            raise UpstreamStatusError(f"The upstream answered {answer.status}")
        return text_of(answer)
