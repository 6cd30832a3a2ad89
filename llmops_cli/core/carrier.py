"""What brings a question to a release that has no plain address of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Carried:
    """A request to a route of the API. ``seconds`` limits all of it.

    Names of headers are in lower case; ``path`` has the query in it.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Reply(Protocol):
    """The answer of the route, as it comes."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...
    def chunks(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class Carrier(Protocol):
    """Brings requests to one release, or to whichever answers; safe for several threads at once."""

    def carry(self, asked: Carried) -> Reply:
        """Return the answer, whatever its status, with its body unread.

        Raises:
            CarrierError: there is none.
        """
        ...


class CarrierError(Exception):
    """No answer came; the message says why, in a few words."""


class TooLateError(CarrierError):
    """No answer came in time."""
