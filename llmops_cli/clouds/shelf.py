"""Small texts that a cloud keeps, each with a version, so that two who change one notice it."""

from dataclasses import dataclass
from typing import Protocol


class ChangedError(Exception):
    """A text is not, or no longer, in the version that the change was meant for."""


@dataclass(frozen=True)
class Kept:
    """A text, and the version that it is in: an ETag, or a generation."""

    text: str
    version: str


class Shelf(Protocol):
    """A place of texts by their keys. Every method raises AccessError where we are not let in,
    PreflightError where the place is not there, and DeployError where it does not answer.
    """

    @property
    def name(self) -> str:
        """What people call it, such as s3://chat-llmops."""
        ...

    def read(self, key: str) -> Kept | None:
        """Return a text, or None where there is none."""
        ...

    def write(self, key: str, text: str, expected: str | None) -> str:
        """Put a text in the place of version ``expected``, or of nothing; return its version.

        Raises:
            ChangedError: something else is there.
        """
        ...

    def remove(self, key: str, expected: str) -> None:
        """Remove a text that is in version ``expected``.

        Raises:
            ChangedError: it is in another version.
        """
        ...
