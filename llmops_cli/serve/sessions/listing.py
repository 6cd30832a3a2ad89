"""One page of the caller's sessions, the newest first: what is asked for, and the answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import QueryParams

from llmops_cli.serve.sessions.session import Place, Summary

_DEFAULT_LIMIT = 20
_HIGHEST_LIMIT = 100
#: What `next` of a page holds: a time and an id.
_PLACE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)


@dataclass(frozen=True)
class PageRequest:
    """``limit`` sessions that stand before ``before``, or the newest of all."""

    limit: int
    before: Place | None


def read(query: QueryParams) -> PageRequest:
    """Read ``limit`` and ``before``. Raises RequestValidationError, which is answered with 422."""
    limit = query.get("limit", str(_DEFAULT_LIMIT))
    if not (re.fullmatch(r"[0-9]{1,3}", limit) and 1 <= int(limit) <= _HIGHEST_LIMIT):
        _refuse("limit", f"must be a whole number from 1 to {_HIGHEST_LIMIT}")
    before = query.get("before", "")
    place = _PLACE.fullmatch(before)
    if before and not place:
        _refuse("before", "must be `next` of the page before")
    return PageRequest(int(limit), Place(place[1], place[2]) if place else None)


def body(sessions: Sequence[Summary], limit: int) -> dict[str, Any]:
    """Return the page; ``sessions`` hold one more than asked for where there is a page after it."""
    page = sessions[:limit]
    last = page[-1].place if len(sessions) > limit else None
    return {
        "sessions": [head(session) for session in page],
        "next": f"{last.created_at}_{last.id}" if last else None,
    }


def head(session: Summary) -> dict[str, Any]:
    """Return what is told of a session besides its messages."""
    return {
        "session_id": session.id,
        "created_at": session.created_at,
        "ended": not session.is_active,
    }


def _refuse(name: str, rule: str) -> NoReturn:
    raise RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": rule}])
