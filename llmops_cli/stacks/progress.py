"""How services come up, in lines for people: what they wait for, and that they do not hang."""

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.plan import Tell
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError
from llmops_cli.stacks.running import Running

_LONGEST_LINE = 110
_LOG_LINES = 5
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Pace:
    """How often one looks, and tells, in seconds.

    After ``tell`` a service that has something new to say may say it; after ``alive`` it says that
    it goes on. ``slack`` is what it has beyond the time in which it may become healthy; an image
    may take ``pull``.
    """

    look: float = 1.0
    tell: float = 10.0
    alive: float = 30.0
    slack: float = 60.0
    pull: float = 2700.0


PACE = Pace()


@dataclass
class Progress:
    """Tells of services that start; of each at once when it is healthy, else now and then.

    ``hide`` takes the values of secrets out of what containers wrote.
    """

    engine: Engine
    tell: Tell
    hide: Callable[[str], str]
    pace: Pace = PACE
    began: float = field(default_factory=time.monotonic)
    _healthy: set[str] = field(default_factory=set)
    _said: dict[str, str] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)

    def of(self, services: Sequence[Running]) -> None:
        """Tell what has changed since the last time."""
        for service in services:
            if service.is_well and service.service not in self._healthy:
                self._healthy.add(service.service)
                self.tell(f"{service.service} is up after {seconds_told(self.elapsed)}.")
        waiting = [service for service in services if self._may_speak(service)]
        received = received_by(self.engine, waiting) if waiting else {}
        for service in waiting:
            self._speak(service, received.get(service.id, ""))

    def _speak(self, service: Running, received: str) -> None:
        name, now = service.service, time.monotonic()
        said = self.hide(last_words(self.engine, service))
        silent = now - self._told.get(name, self.began)
        if said == self._said.get(name) and silent < self.pace.alive:
            return
        self._said[name], self._told[name] = said, now
        parts = [f"{name} starts: {seconds_told(self.elapsed)}"]
        parts += [f"{received} received"] if received else []
        self.tell(", ".join(parts) + (f"; {said}" if said else ""))

    def _may_speak(self, service: Running) -> bool:
        last = self._told.get(service.service, self.began)
        return not service.is_well and time.monotonic() - last >= self.pace.tell

    @property
    def elapsed(self) -> float:
        """How many seconds it has been."""
        return time.monotonic() - self.began


def last_words(engine: Engine, service: Running) -> str:
    """Return the end of what a container wrote, as one short line."""
    lines = last_lines(engine, service, _LOG_LINES)
    last = lines[-1] if lines else ""
    return last if len(last) <= _LONGEST_LINE else f"{last[: _LONGEST_LINE - 1]}…"


def last_lines(engine: Engine, service: Running, count: int) -> list[str]:
    """Return the last lines that a container wrote, without empty ones."""
    written = engine.lines("logs", "--tail", str(count), service.id)
    parts = [plain(part) for line in written for part in line.split("\r")]
    return [part for part in parts if part]


def plain(line: str) -> str:
    """Return a line without what would colour a terminal or move its cursor."""
    return " ".join(_ESCAPES.sub("", line).split())


def received_by(engine: Engine, services: Sequence[Running]) -> dict[str, str]:
    """Return how much each container has received from the network, as the engine writes it.

    It is what shows the download of a model, whose own bar reaches no log before it is full.
    """
    form = "{{.ID}} {{.NetIO}}"
    ids = [service.id for service in services if service.state == "running"]
    told = ""
    with contextlib.suppress(EngineError):
        told = engine.run("stats", "--no-stream", "--format", form, *ids).decode() if ids else ""
    rows = [line.split() for line in told.splitlines()]
    return {id: row[1] for row in rows if len(row) > 1 for id in ids if id.startswith(row[0])}


def seconds_told(seconds: float) -> str:
    """Return a time as people say it."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
