"""The log of what has traffic, read again and again where it is followed."""

import time
from collections.abc import Iterator

from llmops_cli.targets.gcp_vertex.entries import Line, Log, shown
from llmops_cli.targets.gcp_vertex.place import Place

#: Seconds between looks for new lines; Google counts how often its log is read.
_LOOK_SECONDS = 2.0
#: Ids of lines that are remembered: of those of one moment, some come later than others.
_REMEMBERED = 5000


def last_lines(place: Place, lines: int) -> Iterator[str]:
    """Yield the last lines of what has traffic."""
    yield from shown(*_newest(place, lines))


def follow(place: Place, lines: int) -> Iterator[str]:
    """Yield the last lines, and then what comes, of whatever has traffic then."""
    found, carrying = _newest(place, lines)
    yield from shown(found, carrying)
    known = {line.id: line for line in found}
    log = Log.of(place)
    while True:
        time.sleep(_LOOK_SECONDS)
        since = max((line.at for line in known.values()), default=None)
        new = [line for line in log.newest(1000, since=since) if line.id not in known]
        deployed = sorted({line.deployed for line in new} | set(carrying))
        yield from shown(new, deployed)
        known = dict(list({**known, **{line.id: line for line in new}}.items())[-_REMEMBERED:])


def _newest(place: Place, lines: int) -> tuple[list[Line], list[str]]:
    endpoint = place.read_endpoint()
    carrying = list(endpoint.traffic) if endpoint else []
    # One that has all the traffic is asked for by its id: its own lines are what matters.
    only = carrying[0] if len(carrying) == 1 else ""
    return (Log.of(place).newest(lines, only), carrying) if carrying else ([], [])
