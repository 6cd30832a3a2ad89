"""The lock of a target, what it remembers of its releases, and its history, on a cloud's shelf.

For clouds that keep releases themselves, but not who deploys now, which one should be live, or what
was done when. Three texts below ``prefix``: ``lock.json``, ``ledger.json``, ``history.jsonl``.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmops_cli.clouds.shelf import Kept, Shelf
from llmops_cli.core.target import Event, Holder
from llmops_cli.errors import LockedError, PreflightError
from llmops_cli.targets.shelved.history import History
from llmops_cli.targets.shelved.lease import Pace
from llmops_cli.targets.shelved.ledger import Entry, Ledger, ledger_of
from llmops_cli.targets.shelved.lock import Lock, held
from llmops_cli.targets.shelved.writing import changed

__all__ = ["Book", "Entry", "Ledger"]


@dataclass
class _Known:
    """The lock that is ours, and the ledger as it was read or written last."""

    lock: Lock | None = None
    ledger: Ledger | None = None
    kept: Kept | None = None


@dataclass(frozen=True)
class Book:
    """Lock, ledger and history of one target. Making one asks nobody anything."""

    shelf: Shelf
    prefix: str
    pace: Pace = field(default_factory=Pace)
    _known: _Known = field(default_factory=_Known, repr=False, compare=False)

    @contextlib.contextmanager
    def lock(
        self, holder: Holder, put_in_order: Callable[[Mapping[str, str]], None]
    ) -> Iterator[None]:
        """Hold the lock: a lease of a minute that is renewed while the process lives.

        What a killed holder left pending is given to ``put_in_order`` first, and is then cleared.

        Raises:
            LockedError: somebody else holds it; the error says who, since when, and doing what.
        """
        with held(self.shelf, f"{self.prefix}lock.json", holder, self.pace) as lock:
            self._known.lock = lock
            try:
                # Whoever had the lock until now may have written it.
                self._known.ledger = None
                if pending := self.ledger().pending:
                    put_in_order(pending)
                    self.note({})
                yield
            finally:
                self._known.lock = None

    def require_lock(self) -> None:
        """Make sure that the lock is ours still, before something is changed that matters.

        Raises:
            LockedError: it is somebody else's, or nobody's.
        """
        if self._known.lock is None:
            raise LockedError("The lock of the target is not held.", next_step="llmops status")
        self._known.lock.renew()

    def ledger(self) -> Ledger:
        """Return what is on record; what was read is remembered until it is changed.

        Raises:
            PreflightError: somebody has spoilt it.
        """
        if self._known.ledger is None:
            kept = self.shelf.read(self._ledger_key)
            self._remember(kept, self._read(kept.text if kept else ""))
        assert self._known.ledger is not None
        return self._known.ledger

    def read_again(self) -> Ledger:
        """Return what is on record now, whoever has written it.

        Raises:
            PreflightError: somebody has spoilt it.
        """
        self._known.ledger = None
        return self.ledger()

    def note(self, pending: Mapping[str, str]) -> None:
        """Note what is under way; empty for nothing. The lock must be held.

        Raises:
            LockedError: it is not.
        """
        self.require_lock()
        self._change(lambda ledger: replace(ledger, pending=dict(pending)))

    def settle(self, entry: Entry, keep: int) -> Sequence[Entry]:
        """Put a release on record as the live one, in the same write in which nothing is pending.

        Names of the entry are taken from others. Returns the entries that are not kept any more:
        neither live, nor before it, nor named, nor among the ``keep`` newest others.

        Raises:
            LockedError: the lock is not held.
        """
        self.require_lock()
        before: list[Ledger] = []

        def settled(ledger: Ledger) -> Ledger:
            before[:] = [ledger]
            return ledger.settled(entry, keep)

        kept = {one.release for one in self._change(settled).entries}
        return [one for one in before[0].entries if one.release not in kept]

    def name(self, release: str, names: Sequence[str]) -> None:
        """Give a release names, which are taken from others."""
        self._change(lambda ledger: ledger.named(release, names))

    def unname(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        had: list[bool] = []

        def without(ledger: Ledger) -> Ledger:
            had[:] = [any(name in one.names for one in ledger.entries)]
            return ledger.without_name(name)

        self._change(without)
        return had[0]

    def record(self, event: Event) -> None:
        """Add an event to the history, of which the newest thousand are kept."""
        self._history.add(event)

    def history(self, limit: int) -> Iterator[Event]:
        """Yield the latest events, the newest first."""
        return self._history.newest(limit)

    @property
    def _history(self) -> History:
        return History(self.shelf, f"{self.prefix}history.jsonl")

    @property
    def _ledger_key(self) -> str:
        return f"{self.prefix}ledger.json"

    def _change(self, change: Callable[[Ledger], Ledger]) -> Ledger:
        def text(before: str) -> str:
            found = self._read(before)
            after = change(found)
            return before if after == found else after.text()

        kept = changed(self.shelf, self._ledger_key, text, self._known.kept)
        return self._remember(kept, self._read(kept.text))

    def _remember(self, kept: Kept | None, ledger: Ledger) -> Ledger:
        self._known.kept, self._known.ledger = kept, ledger
        return ledger

    def _read(self, text: str) -> Ledger:
        found = ledger_of(text) if text else Ledger()
        if found is None:
            raise PreflightError(
                f"{self.shelf.name}/{self._ledger_key} is not what llmops wrote there.",
                evidence=text[:200],
                state="Nothing was changed.",
                next_step="Bring back an earlier version of it, for the bucket keeps them; or "
                "remove it, then llmops deploy.",
            )
        return found
