"""What a target remembers of its releases: which should be live, which are kept, what pends."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime


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
        return next((one for one in self.entries if one.release == release), None)

    def settled(self, entry: Entry, keep: int) -> "Ledger":
        """Return the ledger in which a release is live, nothing is pending, and the old have gone.

        Kept are the live release, the one before, those with names, and the ``keep`` newest others.
        """
        previous = self.live if self.live != entry.release else self.previous
        before = self.entry(entry.release)
        names = tuple(dict.fromkeys([*(before.names if before else ()), *entry.names]))
        rest = [_without(one, names) for one in self.entries if one.release != entry.release]
        protected = {previous, *(one.release for one in rest if one.names)}
        newest = [one.release for one in rest if one.release not in protected][:keep]
        kept = [one for one in rest if one.release in {*protected, *newest}]
        entries = (replace(entry, names=names), *kept)
        return Ledger(entry.release, previous, entries)

    def named(self, release: str, names: Sequence[str]) -> "Ledger":
        """Return the ledger in which a release has names, which nobody else has."""
        return replace(
            self,
            entries=tuple(
                replace(one, names=tuple(dict.fromkeys([*one.names, *names])))
                if one.release == release
                else _without(one, names)
                for one in self.entries
            ),
        )

    def without_name(self, name: str) -> "Ledger":
        """Return the ledger in which nobody has a name."""
        return replace(self, entries=tuple(_without(one, [name]) for one in self.entries))

    def text(self) -> str:
        """Return it as a document."""
        document = {
            "live": self.live,
            "previous": self.previous,
            "entries": [
                {
                    "release": one.release,
                    "at": one.at,
                    "deployed_at": one.deployed_at.isoformat(),
                    "names": one.names,
                }
                for one in self.entries
            ],
            "pending": dict(self.pending),
        }
        return json.dumps(document, indent=1) + "\n"


def ledger_of(text: str) -> Ledger | None:
    """Read a ledger, or return None where the text is not one."""
    try:
        found = json.loads(text)
        return Ledger(
            live=str(found["live"]),
            previous=str(found["previous"]),
            entries=tuple(
                Entry(
                    str(one["release"]),
                    str(one["at"]),
                    datetime.fromisoformat(one["deployed_at"]),
                    tuple(str(name) for name in one["names"]),
                )
                for one in found["entries"]
            ),
            pending={str(key): str(value) for key, value in found["pending"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _without(entry: Entry, names: Sequence[str]) -> Entry:
    return replace(entry, names=tuple(name for name in entry.names if name not in names))
