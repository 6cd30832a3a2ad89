"""What a stack has on record, in a volume of its engine; no operator's disk holds any of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from llmops_cli.core.target import Event
from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, GoneError, Mounted, TakenError
from llmops_cli.errors import EngineError
from llmops_cli.stacks.stack import KEEPER, Stack
from llmops_cli.targets.documents import event_from, event_line

FOLDER = "/records"
GATEWAY_FOLDER = "/gateway"
_LIVE, _NAMES, _HISTORY = "live.json", "names.json", "history.jsonl"
#: Events that are kept; a year of a deploy an hour.
_MOST_EVENTS = 10_000


@dataclass(frozen=True)
class Deployed:
    """When a release was first and last put into service, and what was live before the first."""

    at: str
    last: str
    previous: str | None = None

    @property
    def first(self) -> datetime:
        """When it was first put into service."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Record:
    """The release that should be live, the service that it runs as, and what was live before.

    ``draining`` maps the id of a container that was told to finish to when it must have.
    """

    release: str = ""
    service: str = ""
    is_stopped: bool = False
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    draining: Mapping[str, str] = field(default_factory=dict)

    def settled(self, release: str, service: str, at: str) -> "Record":
        """Return the record once a release has come to be live."""
        before = self.deployed.get(release)
        previous = self.release if self.release and self.release != release else None
        now = replace(before, last=at) if before else Deployed(at, at, previous)
        return replace(
            self,
            release=release,
            service=service,
            is_stopped=False,
            deployed={**self.deployed, release: now},
        )


@dataclass(frozen=True)
class Records:
    """Reads and writes the records through a container that is never started."""

    engine: Engine
    stack: Stack

    def read(self) -> Record:
        """Return what is on record; an empty record where nothing is."""
        found = self._document(_LIVE)
        try:
            deployed = {key: Deployed(**value) for key, value in found.pop("deployed", {}).items()}
            return Record(**found, deployed=deployed)
        except TypeError:
            return Record()

    def write(self, record: Record, gateway: Sequence[Entry] = ()) -> None:
        """Put on record what should be live, and with it how the gateway starts from now on."""
        entries = [Entry(f"{FOLDER}/{_LIVE}", json.dumps(asdict(record), indent=1).encode())]
        entries += [replace(file, path=f"{GATEWAY_FOLDER}/{file.path}") for file in gateway]
        self._put(entries)

    def names(self) -> dict[str, str]:
        """Return the names given to releases: name to id."""
        return self._document(_NAMES)

    def write_names(self, names: Mapping[str, str]) -> None:
        """Put the names of releases on record."""
        self._put([Entry(f"{FOLDER}/{_NAMES}", json.dumps(dict(names), indent=1).encode())])

    def events(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        lines = self._file(_HISTORY).decode(errors="replace").splitlines()[-limit:]
        return tuple(event for line in reversed(lines) if (event := event_from(line)) is not None)

    def append(self, event: Event) -> None:
        """Add an event, and forget those that are very old."""
        lines = self._file(_HISTORY).splitlines(keepends=True)[1 - _MOST_EVENTS :]
        lines.append(event_line(event).encode())
        self._put([Entry(f"{FOLDER}/{_HISTORY}", b"".join(lines))])

    def _document(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._file(name) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _file(self, name: str) -> bytes:
        path = f"{FOLDER}/{name}"
        try:
            return volumes.get(self.engine, self.stack.keeper, path) or b""
        except GoneError:
            if not self._has_records():
                return b""
        # Somebody has pruned the container that the records are read through.
        self._make_keeper()
        return volumes.get(self.engine, self.stack.keeper, path) or b""

    def _put(self, entries: Sequence[Entry]) -> None:
        try:
            volumes.put(self.engine, self.stack.keeper, "", entries)
        except GoneError:
            self._make_keeper()
            volumes.put(self.engine, self.stack.keeper, "", entries)

    def _has_records(self) -> bool:
        try:
            self.engine.run("volume", "inspect", self.stack.records)
        except EngineError:
            return False
        return True

    def _make_keeper(self) -> None:
        labels = self.stack.labels(KEEPER)
        mounts = (
            Mounted(self.stack.records, FOLDER, labels),
            Mounted(self.stack.gateway, GATEWAY_FOLDER, labels),
            Mounted(self.stack.data, "/data", labels),
        )
        try:
            volumes.make_container(self.engine, labels, mounts, name=self.stack.keeper)
        except TakenError:
            return
