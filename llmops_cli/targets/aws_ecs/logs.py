"""The log of the live release in CloudWatch, of all its tasks at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.release import Release
from llmops_cli.targets.aws_ecs.place import UNTOUCHED, Place

#: Seconds between looks at what has been written since, and how long one follows at most.
_LOOK_SECONDS = 2.0
_FOREVER = 10.0**9
_MOST_STREAMS = 10

#: Says which release is live.
Live = Callable[[], Release | None]


@dataclass(frozen=True)
class Line:
    """A line of a task's log, and when it was written, in milliseconds."""

    task: str
    at: int
    text: str


def last_lines(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines of the live release; tasks are named where there are several."""
    release = live()
    if release is None:
        return
    found: list[Line] = []
    streams = _streams(place, release.id)
    for stream in streams:
        found += _Stream(place, stream).last(lines)
    found.sort(key=lambda line: line.at)
    yield from (_shown(line, is_alone=len(streams) == 1) for line in found[-lines:])


def follow(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines, and then what comes, of what is live then."""
    known: dict[str, _Stream] = {}
    first = lines
    for _passed in pauses(_FOREVER, longest=_LOOK_SECONDS):
        release = live()
        names = _streams(place, release.id) if release else ()
        new: list[Line] = []
        for name in names:
            stream = known.get(name)
            if stream is None:
                stream = known[name] = _Stream(place, name)
                new += stream.last(first or 1000)
            new += stream.more()
        first = 0
        new.sort(key=lambda line: line.at)
        yield from (_shown(line, is_alone=len(known) == 1) for line in new)


def end_of(place: Place, release: str, task: str, lines: int) -> list[str]:
    """Return the last lines that a task of a release wrote."""
    found = [name for name in _streams(place, release) if name.endswith(f"/{task}")]
    return [line.text for name in found for line in _Stream(place, name).last(lines)]


@dataclass
class _Stream:
    """The log of one task, and how far it was read."""

    place: Place
    name: str
    token: str = ""
    _seen: set[int] = field(default_factory=set)

    def last(self, lines: int) -> list[Line]:
        """Return the last lines."""
        answer = self._ask(startFromHead=False, limit=max(lines, 1))
        self.token = answer.get("nextForwardToken") or ""
        return self._lines(answer)[-lines:]

    def more(self) -> list[Line]:
        """Return what was written since."""
        if not self.token:
            return []
        answer = self._ask(startFromHead=True, nextToken=self.token)
        self.token = answer.get("nextForwardToken") or self.token
        return self._lines(answer)

    def _ask(self, **options: object) -> dict[str, Any]:
        client = self.place.account.client("logs")
        with self.place.account.told("read the log", state=UNTOUCHED):
            answer: dict[str, Any] = client.get_log_events(
                logGroupName=self.place.log_group, logStreamName=self.name, **options
            )
        return answer

    def _lines(self, answer: dict[str, Any]) -> list[Line]:
        task = self.name.rpartition("/")[2]
        return [
            Line(task, int(event["timestamp"]), text)
            for event in answer.get("events") or ()
            for text in str(event["message"]).splitlines()
        ]


def _streams(place: Place, release: str) -> Sequence[str]:
    """Return the names of the logs of a release's tasks, the latest first."""
    client = place.account.client("logs")
    with place.account.told(f"list the logs in {place.log_group}", state=UNTOUCHED):
        try:
            answer = client.describe_log_streams(
                logGroupName=place.log_group, logStreamNamePrefix=f"{release}/"
            )
        except client.exceptions.ResourceNotFoundException:
            return ()
    found = sorted(answer["logStreams"], key=lambda one: one.get("creationTime") or 0, reverse=True)
    return [str(one["logStreamName"]) for one in found[:_MOST_STREAMS]]


def _shown(line: Line, *, is_alone: bool) -> str:
    return line.text if is_alone else f"{line.task[:8]} | {line.text}"
