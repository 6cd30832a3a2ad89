"""What releases write, from the journal; followed from one release to the next."""

import os
import select
import subprocess
import time
from contextlib import ExitStack
from typing import Any

from llmops_cli.hosts.agent import releases, running
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.request import Request

_CHUNK = 64 * 1024
_LOOK_SECONDS = 0.5
#: Seconds of a new release's log, from before it was found to be current, that are shown too.
_EARLIER_SECONDS = 60


def logs(agent: Agent, request: Request) -> dict[str, Any]:
    """Tell the last lines of a release, or of what is current, and then what comes if asked to."""
    release = request.maybe_text("release")
    lines = request.whole_number("lines")
    if request.flag("follow"):
        with ExitStack() as ends:
            _Follower(agent, release, ends).run(lines)
    else:
        chosen = release or releases.current(agent.places)
        for line in _last(agent, chosen, lines) if chosen else ():
            agent.link.tell(line)
    return {}


def _last(agent: Agent, release: str, lines: int) -> list[str]:
    argv = [*_journal(agent, release), f"--lines={lines}"]
    ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return ended.stdout.decode(errors="replace").splitlines()


def _journal(agent: Agent, release: str) -> list[str]:
    options = ["--quiet", "--no-pager", "--output=cat"]
    units = running.services_of(agent.places, release)
    return ["journalctl", *options, *(f"--unit={unit}" for unit in units)]


class _Follower:
    """Follows one release, or whichever is current; what was current before is not dropped."""

    def __init__(self, agent: Agent, release: str | None, ends: ExitStack) -> None:
        self._agent = agent
        self._release = release
        self._ends = ends
        self._followed: dict[int, bytes] = {}
        self._known: set[str] = set()

    def run(self, lines: int) -> None:
        """Tell lines until the connection is lost."""
        self._begin(self._chosen(), [f"--lines={lines}"])
        while True:
            self._agent.link.check()
            chosen = self._chosen()
            if chosen and chosen not in self._known:
                since = int(time.time()) - _EARLIER_SECONDS
                self._begin(chosen, ["--lines=all", f"--since=@{since}"])
            for descriptor in self._ready():
                self._tell(descriptor)

    def _chosen(self) -> str | None:
        return self._release or releases.current(self._agent.places)

    def _begin(self, release: str | None, words: list[str]) -> None:
        if release is None:
            return
        self._known.add(release)
        process = subprocess.Popen(
            [*_journal(self._agent, release), "--follow", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ends.enter_context(process)
        self._ends.callback(process.terminate)
        assert process.stdout is not None
        self._followed[process.stdout.fileno()] = b""

    def _ready(self) -> list[int]:
        if not self._followed:
            self._agent.link.wait(_LOOK_SECONDS)
        ready, _, _ = select.select(list(self._followed), [], [], _LOOK_SECONDS)
        return ready

    def _tell(self, descriptor: int) -> None:
        data = os.read(descriptor, _CHUNK)
        if not data:
            del self._followed[descriptor]
            return
        *whole, rest = (self._followed[descriptor] + data).split(b"\n")
        # A line that is longer still is passed on in parts, so that nobody waits behind it.
        self._followed[descriptor] = rest if len(rest) < _CHUNK else b""
        for line in [*whole, rest] if len(rest) >= _CHUNK else whole:
            self._agent.link.tell(line.decode(errors="replace"))
