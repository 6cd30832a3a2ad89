"""What a handler of the fake Azure is asked, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Call:
    """One request, matched with the contract.

    ``operation`` is the contract's name for it, as in ``web_apps_update_configuration``; for a
    route that is none of the contract's, the name under which it was registered. ``parameters``
    are those of the path. ``body`` is a JSON document, a form as a dict, bytes, or None;
    ``content`` is as it came, where the fake keeps it.
    """

    operation: str
    method: str
    path: str
    parameters: dict[str, str]
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]
    content: bytes = b""
    raw_query: str = ""

    def several(self, name: str) -> list[str]:
        """Return all values of a parameter that the query may hold more than once."""
        return [text for key, text in parse_qsl(self.raw_query) if key == name]


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON document, a text, or bytes as they are. Status 0: the line goes dead."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Reply]
#: No answer at all: the connection ends.
LOST = Reply(0)


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Reply:
    """Return an error as Azure Resource Manager words them."""
    return Reply(status, {"error": {"code": code, "message": message}}, dict(headers or {}))
