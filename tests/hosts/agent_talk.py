"""A conversation with the agent in this process, about folders of the test and units of a fake."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent.conversation import Agent, converse
from llmops_cli.hosts.agent.link import Link
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Unit
from llmops_cli.hosts.agent.verbs import VERBS
from tests.waiting import SECONDS

#: Told where a test asks for something that the agent refuses.
Answer = dict[str, Any]


@dataclass
class FakeUnits:
    """Units that become what ``becomes`` says when they are started, and active otherwise.

    It stands in for `Systemd`, which only a host has; what is asked of the real one, the tests on
    hosts show.
    """

    becomes: dict[str, Unit] = field(default_factory=dict)
    found: dict[str, Unit] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=set)
    reloads: int = 0

    def reload(self) -> None:
        self.reloads += 1

    def begin(self, *names: str) -> None:
        for name in names:
            self.found[name] = self.becomes.get(name, Unit(name, "active", "running"))

    start = begin

    def stop(self, *names: str) -> None:
        for name in names:
            if name in self.found:
                self.found[name] = replace(self.found[name], active="inactive", sub="dead")

    begin_to_stop = stop

    def kill(self, name: str) -> None:
        self.stop(name)

    def forget_failure(self, *names: str) -> None:
        pass

    def enable(self, name: str) -> None:
        self.enabled.add(name)

    def disable(self, name: str) -> None:
        self.enabled.discard(name)

    def read(self, *patterns: str) -> list[Unit]:
        return [unit for name, unit in self.found.items() if any(map(Path(name).match, patterns))]

    def journal(self, name: str, lines: int, since: float) -> list[str]:
        return [f"what {name} wrote"]

    def running(self) -> list[str]:
        """Return the services of releases that run."""
        services = (name for name in self.found if "@" in name and name.endswith(".service"))
        return sorted(name for name in services if self.found[name].is_running)


class Talk:
    """Asks an agent over pipes, as a session asks over ssh."""

    def __init__(self, places: Places, units: FakeUnits, archive: bytes = b"") -> None:
        from_us, self._to_agent = os.pipe()
        self._from_agent, to_us = os.pipe()
        self.places = places
        self.link = Link(from_us, to_us)
        self._closing = [from_us, to_us]
        agent = Agent(places, units, self.link, archive)
        self.thread = threading.Thread(target=converse, args=(agent, VERBS), daemon=True)
        self.thread.start()
        self._lines = os.fdopen(self._from_agent, encoding="utf-8")
        self.told: list[str] = []
        self._is_cut = False

    def units_of(self, release: str) -> dict[str, str]:
        """Return units of a release as little as they can be."""
        socket = f"[Socket]\nListenStream={self.places.socket(release)}\n"
        return {"service": "[Service]\n", "socket": socket}

    def say(self, verb: str, payload: bytes = b"", **details: Any) -> None:
        """Ask, and do not wait."""
        self.send(json.dumps({"do": verb, "bytes": len(payload), **details}).encode() + b"\n")
        self.send(payload)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        while data:
            data = data[os.write(self._to_agent, data) :]

    def heard(self) -> Answer:
        """Return the next line that is an answer."""
        while True:
            message: Answer = json.loads(self._lines.readline())
            if "told" not in message:
                return message
            self.told.append(message["told"])

    def ask(self, verb: str, payload: bytes = b"", **details: Any) -> Answer:
        """Ask, and return the answer of an agent that does it."""
        message = self.refused(verb, payload, **details)
        assert "answer" in message, message
        answer: Answer = message["answer"]
        return answer

    def refused(self, verb: str, payload: bytes = b"", **details: Any) -> Answer:
        """Ask, and return what the agent says, which may be that it does not do it."""
        self.say(verb, payload, **details)
        return self.heard()

    def cut(self) -> None:
        """Send nothing any more; return when the agent has ended."""
        if not self._is_cut:
            self._is_cut = True
            os.close(self._to_agent)
        self.ended()

    def ended(self) -> None:
        """Return when the agent has ended."""
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()

    def close(self) -> None:
        """End it and everything of it."""
        self.cut()
        self.link.close()
        self._lines.close()
        for descriptor in self._closing:
            os.close(descriptor)


@dataclass(frozen=True)
class AgentHost:
    """A host of the test: its folders and its units."""

    places: Places
    units: FakeUnits = field(default_factory=FakeUnits)

    @contextmanager
    def talk(self, archive: bytes = b"") -> Iterator[Talk]:
        """Talk with an agent of this host."""
        talk = Talk(self.places, self.units, archive)
        try:
            yield talk
        finally:
            talk.close()

    @contextmanager
    def deploying(self, lease: float = 30.0) -> Iterator[Talk]:
        """Talk with an agent that holds the lock."""
        with self.talk() as talk:
            talk.ask("lock", holder="the test", lease=lease)
            yield talk

    def names(self) -> list[str]:
        """Return what is in the folder of releases, also what is not whole."""
        return sorted(os.listdir(self.places.releases)) if self.places.releases.exists() else []

    def current(self) -> str | None:
        """Return the release that has the traffic."""
        link = self.places.current
        return link.readlink().name if link.is_symlink() else None


def prepared(folder: Path) -> AgentHost:
    """Return a host that the bootstrap has prepared, as far as the agent needs it."""
    places = Places("shop", folder)
    for path in (places.root, places.unit_files, places.run):
        path.mkdir(parents=True)
    return AgentHost(places)


UNITS: Mapping[str, str] = {"service": "[Service]\n", "socket": "[Socket]\n"}


def key_of(content: bytes) -> str:
    """Return the key of an object."""
    return hashlib.sha256(content).hexdigest()


def stage(talk: Talk, release: str, files: Mapping[str, bytes]) -> Answer:
    """Send a release and have it written; return what the agent says of the writing."""
    contents = {key_of(content): content for content in files.values()}
    lacking = talk.ask("missing", objects=list(contents))["missing"]
    sizes = [[key, len(contents[key])] for key in lacking]
    talk.ask("put", b"".join(contents[key] for key in lacking), objects=sizes)
    listed = [[path, key_of(content)] for path, content in files.items()]
    return write(talk, release, files=listed, units=talk.units_of(release))


def write(talk: Talk, release: str, **parts: Any) -> Answer:
    """Have a release written of objects that are there."""
    document = {"files": [], "requirements": [], "units": UNITS, **parts}
    return talk.refused(
        "write", json.dumps(document).encode(), release={"id": release, "commit": release}
    )


def deploy(talk: Talk, release: str) -> None:
    """Put a release into service, the way a rollout does."""
    before = talk.ask("state")["current"]
    answer = stage(talk, release, {"app/name": release.encode(), "app/same": b"same"})
    assert "answer" in answer, answer
    talk.ask("start", release=release, seconds=5)
    talk.ask("promote", release=release, expected=before)
    talk.ask("settle", release=release)
