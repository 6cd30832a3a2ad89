"""What an app has on record about releases, in its tags; revisions say the rest themselves."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from llmops_cli.core.target import Event
from llmops_cli.targets.azure_containerapp import tags as packing
from llmops_cli.targets.documents import event_from, event_line

_STATE, _EVENTS = "state", "events"
#: Tags that the lock, and others after us, may need besides.
_SPARE = 4
_MOST_EVENTS = 16 * packing.LONGEST
#: Between two events; in a JSON document it stands in texts only, and there it is escaped.
_BETWEEN = "|"


@dataclass(frozen=True)
class Deployed:
    """A revision that has been live: when first, when last, and which was before the first."""

    revision: str
    first: int
    last: int
    previous: str = ""

    @property
    def at(self) -> datetime:
        """When it was first put into service."""
        return datetime.fromtimestamp(self.first, UTC)


@dataclass(frozen=True)
class Records:
    """The revisions that have been live, the one that should be now first, and their names.

    ``made`` counts the revisions that were ever asked for; it makes their names unlike each other.
    """

    made: int = 0
    deployed: tuple[Deployed, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def live(self) -> str:
        """The revision that should be live, or nothing."""
        return self.deployed[0].revision if self.deployed else ""

    def of(self, revision: str) -> Deployed | None:
        """Return what is on record of a revision."""
        return next((one for one in self.deployed if one.revision == revision), None)

    def left(self, revision: str) -> int | None:
        """Return when a revision's traffic went to the one after it; None where it has it still."""
        for after, one in zip(self.deployed, self.deployed[1:], strict=False):
            if one.revision == revision:
                return after.last
        return None

    def settled(self, revision: str, at: datetime, keep: int) -> "Records":
        """Return the records once a revision has come to be live, without what is too old."""
        now, before = int(at.timestamp()), self.of(revision)
        previous = self.live if self.live != revision else ""
        first = replace(before, last=now) if before else Deployed(revision, now, now, previous)
        rest = [one for one in self.deployed if one.revision != revision]
        return replace(self, deployed=(first, *rest)).pruned(keep)

    def pruned(self, keep: int) -> "Records":
        """Return the records of what is kept: the live revision, the one before, named ones, and
        the ``keep`` newest of the others.
        """
        if not self.deployed:
            return self
        live, rest = self.deployed[0], self.deployed[1:]
        protected = {live.previous, *self.names.values()}
        newest = [one.revision for one in rest if one.revision not in protected][:keep]
        kept = {*protected, *newest}
        return replace(self, deployed=(live, *(one for one in rest if one.revision in kept)))

    def named(self, revision: str, names: Sequence[str]) -> "Records":
        """Return the records with names for a revision."""
        return replace(self, names={**self.names, **dict.fromkeys(names, revision)})

    def without_name(self, name: str) -> "Records":
        """Return the records without a name."""
        left = {key: value for key, value in self.names.items() if key != name}
        return replace(self, names=left)

    def without(self, revisions: Collection[str]) -> "Records":
        """Return the records without revisions that are gone, and without their names."""
        return replace(
            self,
            deployed=tuple(one for one in self.deployed if one.revision not in revisions),
            names={k: v for k, v in self.names.items() if v not in revisions},
        )


def records_of(app: str, tags: Mapping[str, str]) -> Records:
    """Read the records; none where the tags hold none, or somebody has spoilt them."""
    try:
        found = json.loads(packing.unpacked(_STATE, tags))
        return Records(
            int(found["made"]),
            tuple(
                Deployed(_whole(app, suffix), int(first), int(last), _whole(app, previous))
                for suffix, first, last, previous in found["deployed"]
            ),
            {str(name): _whole(app, suffix) for name, suffix in found["names"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Records()


def has_records(tags: Mapping[str, str]) -> bool:
    """Whether the tags hold any records; a tool that sets all tags may have removed them."""
    return bool(packing.unpacked(_STATE, tags))


def with_records(app: str, records: Records, tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags with the records in them; the oldest events make room where there is none."""
    document = {
        "made": records.made,
        "deployed": [
            [_suffix(app, one.revision), one.first, one.last, _suffix(app, one.previous)]
            for one in records.deployed
        ],
        "names": {name: _suffix(app, revision) for name, revision in records.names.items()},
    }
    text = json.dumps(document, separators=(",", ":"))
    return _with_events(events_of(tags), packing.replaced(_STATE, text, tags))


def events_of(tags: Mapping[str, str]) -> list[Event]:
    """Return the latest events, the newest first."""
    lines = packing.unpacked(_EVENTS, tags).split(_BETWEEN)
    return [event for event in map(event_from, lines) if event is not None]


def with_event(event: Event, tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags with one more event; the oldest go when there is no room for them."""
    return _with_events([event, *events_of(tags)], tags)


def _with_events(events: Sequence[Event], tags: Mapping[str, str]) -> dict[str, str]:
    room = packing.room_beside(_EVENTS, tags) - _SPARE * packing.LONGEST
    text = ""
    for event in events:
        longer = text + (_BETWEEN if text else "") + _line(event)
        if len(longer) > min(room, _MOST_EVENTS):
            break
        text = longer
    return packing.replaced(_EVENTS, text, tags)


def _line(event: Event) -> str:
    # A space at the end of a tag may be cut off.
    line = json.dumps(json.loads(event_line(event)), separators=(",", ":"))
    return line.replace(" ", r"\u0020").replace(_BETWEEN, r"\u007c")


def _suffix(app: str, revision: str) -> str:
    return revision.removeprefix(f"{app}--")


def _whole(app: str, suffix: str) -> str:
    return f"{app}--{suffix}" if suffix else ""
