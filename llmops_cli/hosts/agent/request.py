"""What is asked: a verb, its details, and the bytes that follow."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.hosts.agent.trouble import RefusedError


class Payload:
    """Bytes that follow a message, read in order and no faster than they are used."""

    def __init__(self, size: int, take: Callable[[], bytes]) -> None:
        self.size = size
        self._left = size
        self._take = take
        self._held = b""

    def parts(self, size: int) -> Iterator[bytes]:
        """Yield the next ``size`` bytes in parts.

        Raises:
            RefusedError: fewer bytes follow the message.
        """
        if size > self._left:
            raise RefusedError("The message is followed by fewer bytes than it needs.")
        self._left -= size
        while size:
            held = self._held or self._take()
            part, self._held = held[:size], held[size:]
            size -= len(part)
            yield part

    def whole(self) -> bytes:
        """Return what is left."""
        return b"".join(self.parts(self._left))

    def skip(self) -> None:
        """Read past what is left, so that the next message can be read."""
        for _ in self.parts(self._left):
            pass


@dataclass(frozen=True)
class Request:
    """One question."""

    verb: str
    details: Mapping[str, Any]
    payload: Payload

    def text(self, name: str) -> str:
        """Return a detail that is text.

        Raises:
            RefusedError: it is missing, or something else.
        """
        value = self.details.get(name)
        if not isinstance(value, str):
            raise RefusedError(f"{self.verb} needs {name} as text.")
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a detail that is text, or None where there is none."""
        return None if self.details.get(name) is None else self.text(name)

    def number(self, name: str, default: float | None = None) -> float:
        """Return a detail that is a number.

        Raises:
            RefusedError: it is missing and there is no default, or it is something else.
        """
        value = self.details.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(f"{self.verb} needs {name} as a number.")
        return float(value)

    def whole_number(self, name: str, default: int | None = None) -> int:
        """Return a detail that is a whole number; errors as of `number`."""
        return int(self.number(name, default))

    def flag(self, name: str) -> bool:
        """Return whether a detail is there and true."""
        return self.details.get(name) is True

    def listed(self, name: str) -> list[Any]:
        """Return a detail that is a list; errors as of `text`."""
        value = self.details.get(name)
        if not isinstance(value, list):
            raise RefusedError(f"{self.verb} needs {name} as a list.")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a detail that is a list of texts; errors as of `text`."""
        values = self.listed(name)
        if not all(isinstance(value, str) for value in values):
            raise RefusedError(f"{self.verb} needs {name} as a list of texts.")
        return values
