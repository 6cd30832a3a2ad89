"""Texts in a bucket of Cloud Storage, changed under its conditions (generations)."""

from dataclasses import dataclass

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.shelf import Kept


@dataclass(frozen=True)
class BucketShelf:
    """The bucket that a target names."""

    account: Account

    @property
    def name(self) -> str:
        """The bucket's address."""
        raise NotImplementedError

    def read(self, key: str) -> Kept | None:
        """Return a text, or None where there is none."""
        raise NotImplementedError

    def write(self, key: str, text: str, expected: str | None) -> str:
        """Put a text in the place of version ``expected``, or of nothing; return its version."""
        raise NotImplementedError

    def remove(self, key: str, expected: str) -> None:
        """Remove a text that is in version ``expected``."""
        raise NotImplementedError
