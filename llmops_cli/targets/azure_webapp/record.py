"""The one document about an app that is kept beside it: its releases, their names, what was done.

Every version of it is complete by itself, for App Service forgets all but the latest few.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from llmops_cli.core.release import KeptRelease, Release
from llmops_cli.core.target import Event
from llmops_cli.targets.documents import event_from, event_line, release_document, release_from

#: Events that a document holds.
MOST_EVENTS = 50


@dataclass(frozen=True)
class Kept:
    """A release, when it was first and last put into service, and what was live before that."""

    release: Release
    first: str
    last: str
    previous: str | None = None


@dataclass(frozen=True)
class Record:
    """What should be live, and what can be gone back to. ``number`` grows with every version."""

    number: int = 0
    live: str = ""
    kept: Mapping[str, Kept] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def release(self) -> Release | None:
        """The release that should be live."""
        found = self.kept.get(self.live)
        return found.release if found else None

    @property
    def previous(self) -> str | None:
        """The release that a rollback goes to, if it is kept."""
        found = self.kept.get(self.live)
        return found.previous if found and found.previous in self.kept else None

    def settled(
        self, release: Release, at: datetime, names: tuple[str, ...], keep: int
    ) -> "Record":
        """Return the record once a release is live: it is named, and very old ones are gone.

        The live release, the one it would go back to, every named one, and besides them the
        ``keep`` that were live last, stay.
        """
        before, now = self.kept.get(release.id), at.isoformat()
        previous = self.live if self.live != release.id else None
        kept = replace(before, release=release, last=now) if before else None
        entry = kept or Kept(release, now, now, previous or None)
        named = {**self.names, **dict.fromkeys(names, release.id)}
        everything = {**self.kept, release.id: entry}
        return replace(self, live=release.id, names=named, kept=everything).retired(keep)

    def retired(self, keep: int) -> "Record":
        """Return the record without the releases that are more than are kept."""
        protected = {self.live, self.previous, *self.names.values()}
        others = sorted(set(self.kept) - protected, key=lambda id: self.kept[id].last)
        doomed = set(others[: max(0, len(others) - keep)])
        return replace(self, kept={id: k for id, k in self.kept.items() if id not in doomed})

    def with_event(self, event: Event) -> "Record":
        """Return the record with one more event, without the oldest ones."""
        return replace(self, events=(*self.events, event)[-MOST_EVENTS:])

    def releases(self) -> list[KeptRelease]:
        """Return the kept releases, the one that was live latest first."""
        ids = sorted(self.kept, key=lambda id: self.kept[id].last, reverse=True)
        return [
            KeptRelease(
                self.kept[id].release,
                datetime.fromisoformat(self.kept[id].first),
                tuple(sorted(name for name, named in self.names.items() if named == id)),
            )
            for id in ids
        ]

    def find(self, prefix: str) -> list[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        exact = self.names.get(prefix, prefix)
        if exact in self.kept:
            return [self.kept[exact].release]
        return [self.kept[id].release for id in sorted(self.kept) if id.startswith(prefix)]


def written(record: Record) -> str:
    """Return a record as a text: a line for people to read, then the document, compressed."""
    document = {
        "number": record.number,
        "live": record.live,
        "kept": [
            {
                "release": release_document(kept.release),
                "first": kept.first,
                "last": kept.last,
                "previous": kept.previous,
            }
            for kept in record.kept.values()
        ],
        "names": dict(record.names),
        "events": [event_line(event) for event in record.events],
    }
    packed = base64.b64encode(zlib.compress(json.dumps(document).encode(), 9)).decode()
    return f"llmops: {record.live or 'nothing'} is live\n{packed}"


def read(text: str) -> Record | None:
    """Read what `written` wrote, or return None where the text is not that."""
    try:
        found = json.loads(zlib.decompress(base64.b64decode(text.rpartition("\n")[2])))
        return Record(
            number=int(found["number"]),
            live=found["live"],
            kept={k.release.id: k for entry in found["kept"] if (k := _kept(entry)) is not None},
            names=dict(found["names"]),
            events=tuple(event for line in found["events"] if (event := event_from(line))),
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, binascii.Error):
        return None


def _kept(entry: Mapping[str, Any]) -> Kept | None:
    release = release_from(entry["release"])
    return Kept(release, entry["first"], entry["last"], entry["previous"]) if release else None
