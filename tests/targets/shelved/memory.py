"""A shelf in memory, which does what it was told to before, or instead of, an operation."""

from collections.abc import Callable
from dataclasses import dataclass, field

from llmops_cli.clouds.shelf import ChangedError, Kept


@dataclass
class MemoryShelf:
    """Keeps texts with numbers as versions; ``meddling`` is called with a key before its write."""

    texts: dict[str, Kept] = field(default_factory=dict)
    written: int = 0
    reads: int = 0
    meddling: Callable[[str], None] = lambda key: None
    loses_answers: int = 0

    @property
    def name(self) -> str:
        return "memory://shelf"

    def read(self, key: str) -> Kept | None:
        self.reads += 1
        return self.texts.get(key)

    def write(self, key: str, text: str, expected: str | None) -> str:
        self.meddling(key)
        self._require(key, expected)
        self.put(key, text)
        if self.loses_answers:
            # The client asks again by itself, and is told that something else is there.
            self.loses_answers -= 1
            raise ChangedError
        return self.texts[key].version

    def remove(self, key: str, expected: str) -> None:
        self._require(key, expected)
        del self.texts[key]

    def put(self, key: str, text: str) -> None:
        """Write whatever is there."""
        self.written += 1
        self.texts[key] = Kept(text, f"version-{self.written}")

    def _require(self, key: str, expected: str | None) -> None:
        found = self.texts.get(key)
        if (found.version if found else None) != expected:
            raise ChangedError
