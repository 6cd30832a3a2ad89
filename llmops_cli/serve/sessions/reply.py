"""What the assistant says in a session, as the three fields of its answer."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An answer, actions, and questions that could follow."""

    answer: str
    actions: tuple[Any, ...] = ()
    follow_up_questions: tuple[Any, ...] = ()


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
