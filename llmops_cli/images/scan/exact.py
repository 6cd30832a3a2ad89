"""Finds the exact values of secrets in bytes, all of them in one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_cli.errors import PreflightError
from llmops_cli.images.scan.needles import Needle

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick


@dataclass(frozen=True)
class Values:
    """Every form of every value, and the automaton that finds them."""

    needles: Sequence[Needle]
    automaton: "BytesAhoCorasick | None"

    @property
    def longest(self) -> int:
        """Bytes of the longest form: how much of a chunk has to be seen with the next."""
        return max((len(needle.text) for needle in self.needles), default=1)

    def find(self, window: bytes) -> Iterator[tuple[Needle, int]]:
        """Yield what is found, and where it begins."""
        if self.automaton is not None:
            hits = self.automaton.find_matches_as_indexes(window, overlapping=True)
            yield from ((self.needles[index], start) for index, start, _ in hits)


def values_of(needles: Sequence[Needle]) -> Values:
    """Make the automaton.

    Raises:
        PreflightError: a package that the search needs is not installed.
    """
    if not needles:
        return Values((), None)
    try:
        from ahocorasick_rs import BytesAhoCorasick
    except ImportError as error:
        raise missing_package(error) from error
    return Values(needles, BytesAhoCorasick([needle.text for needle in needles]))


def missing_package(error: ImportError) -> PreflightError:
    """Return the error for a package that is not there."""
    return PreflightError(
        f"The search for secrets needs the package {error.name}.",
        state="Nothing was changed.",
        next_step="pip install 'llmops-cli[docker]'",
    )
