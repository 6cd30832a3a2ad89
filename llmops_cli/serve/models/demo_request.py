"""Reads a chat request as strictly as the real API does, for the demo model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COUNT = re.compile(r"\s*count to (\d{1,5})\W*", re.IGNORECASE)
_HIGHEST_COUNT = 10_000


class DemoRequestError(Exception):
    """A field of the request has the wrong type or value; ``param`` names it."""

    def __init__(self, param: str, rule: str) -> None:
        super().__init__(f"'{param}' {rule}")
        self.param = param


@dataclass(frozen=True)
class DemoRequest:
    """The fields that the demo model obeys. ``most_words`` is None for no limit."""

    texts: tuple[str, ...]
    said: tuple[str, ...]
    most_words: int | None
    includes_usage: bool

    @property
    def count_to(self) -> int | None:
        """N, when the last message is "count to N": a stream of a known length."""
        match = _COUNT.fullmatch(self.said[-1]) if self.said else None
        return min(int(match[1]), _HIGHEST_COUNT) if match else None


def read(fields: Mapping[str, Any]) -> DemoRequest:
    """Return the request. Raises DemoRequestError for the first field that is wrong."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DemoRequestError("messages", "must be a list with at least one message")
    turns = [_turn(f"messages[{index}]", message) for index, message in enumerate(messages)]
    if not isinstance(fields.get("stream"), bool | None):
        raise DemoRequestError("stream", "must be true or false")
    return DemoRequest(
        texts=tuple(text for _, text in turns),
        said=tuple(text for role, text in turns if role == "user"),
        most_words=_most_words(fields),
        includes_usage=_includes_usage(fields),
    )


def _turn(place: str, message: Any) -> tuple[str, str]:
    if not isinstance(message, dict):
        raise DemoRequestError(place, "must be an object")
    role = message.get("role")
    if not isinstance(role, str) or not role:
        raise DemoRequestError(f"{place}.role", "must be a string")
    return role, _text(f"{place}.content", message.get("content"))


def _text(place: str, content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise DemoRequestError(place, "must be a string or a list of parts")
    texts = [part.get("text", "") for part in content]
    if not all(isinstance(text, str) for text in texts):
        raise DemoRequestError(place, "has a part whose text is not a string")
    return " ".join(texts)


def _most_words(fields: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if value is None:
            continue
        # JSON knows no difference between 3 and 3.0.
        is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
        if not is_whole or value < 1:
            raise DemoRequestError(name, "must be a whole number of at least 1")
        return int(value)
    return None


def _includes_usage(fields: Mapping[str, Any]) -> bool:
    options = fields.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise DemoRequestError("stream_options", "must be an object")
    wanted = options.get("include_usage")
    if not isinstance(wanted, bool | None):
        raise DemoRequestError("stream_options.include_usage", "must be true or false")
    return wanted is True
