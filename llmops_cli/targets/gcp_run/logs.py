"""The log of the live revision, of all its instances at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from llmops_cli.targets.gcp_run.entries import Entries, Line
from llmops_cli.targets.gcp_run.place import Place

#: Seconds between looks for new lines; Google counts how often its log is read.
_LOOK_SECONDS = 2.0
#: Ids of lines that are remembered: of those of one moment, some come later than others.
_REMEMBERED = 5000

#: Says which revision is live.
Live = Callable[[], str]


def last_lines(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines of what is live; instances are named where there are several."""
    revision = live()
    if revision:
        yield from _shown(Entries(place).newest(revision, lines))


def follow(place: Place, live: Live, lines: int) -> Iterator[str]:
    """Yield the last lines, and then what comes, of what is live then."""
    entries, known = Entries(place), dict[str, datetime]()
    count, since = lines, None
    while True:
        revision = live()
        found = entries.newest(revision, count, since) if revision else []
        new = [line for line in found if line.id not in known]
        yield from _shown(new)
        known = dict(list({**known, **{line.id: line.at for line in new}}.items())[-_REMEMBERED:])
        since = max(known.values(), default=None)
        count = 1000 if since else lines
        time.sleep(_LOOK_SECONDS)


def _shown(lines: Sequence[Line]) -> list[str]:
    is_alone = len({line.instance for line in lines}) < 2
    return [line.text if is_alone else f"{line.instance[-5:]} | {line.text}" for line in lines]
