"""The lock of a target, what it remembers of its releases, and its history, on a cloud's shelf.

For clouds that keep releases themselves, but not who deploys now, which one should be live, or what
was done when. Three texts below ``prefix``: ``lock.json``, ``ledger.json``, ``history.jsonl``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from llmops_cli.clouds.shelf import Shelf
from llmops_cli.core.target import Event, Holder


@dataclass(frozen=True)
class Entry:
    """A release that was settled: ``at`` is the target's own for it, such as an ARN."""

    release: str
    at: str
    deployed_at: datetime
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """What is on record. ``entries`` are those that are kept, the newest first.

    ``pending`` is what a rollout under way, or a killed one, noted for whoever has to put its work
    in order; empty where nothing is under way.
    """

    live: str = ""
    previous: str = ""
    entries: tuple[Entry, ...] = ()
    pending: Mapping[str, str] = field(default_factory=dict)

    def entry(self, release: str) -> Entry | None:
        """Return the entry of a release."""
        raise NotImplementedError


@dataclass(frozen=True)
class Book:
    """Lock, ledger and history of one target. Making one asks nobody anything."""

    shelf: Shelf
    prefix: str

    def lock(
        self, holder: Holder, put_in_order: Callable[[Mapping[str, str]], None]
    ) -> AbstractContextManager[None]:
        """Hold the lock: a lease of a minute that is renewed while the process lives.

        What a killed holder left pending is given to ``put_in_order`` first, and is then cleared.

        Raises:
            LockedError: somebody else holds it; the error says who, since when, and doing what.
        """
        raise NotImplementedError

    def require_lock(self) -> None:
        """Make sure that the lock is ours still, before something is changed that matters.

        Raises:
            LockedError: it is somebody else's, or nobody's.
        """
        raise NotImplementedError

    def ledger(self) -> Ledger:
        """Return what is on record; what was read is remembered until it is changed."""
        raise NotImplementedError

    def note(self, pending: Mapping[str, str]) -> None:
        """Note what is under way; empty for nothing. The lock must be held."""
        raise NotImplementedError

    def settle(self, entry: Entry, keep: int) -> Sequence[Entry]:
        """Put a release on record as the live one, in the same write in which nothing is pending.

        Names of the entry are taken from others. Returns the entries that are not kept any more:
        neither live, nor before it, nor named, nor among the ``keep`` newest.
        """
        raise NotImplementedError

    def name(self, release: str, names: Sequence[str]) -> None:
        """Give a release names, which are taken from others."""
        raise NotImplementedError

    def unname(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        raise NotImplementedError

    def record(self, event: Event) -> None:
        """Add an event to the history, of which the newest thousand are kept."""
        raise NotImplementedError

    def history(self, limit: int) -> Iterator[Event]:
        """Yield the latest events, the newest first."""
        raise NotImplementedError
