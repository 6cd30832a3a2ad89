"""Brings a release to a host: only what it lacks is sent, and then it is written as a whole."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.session import Session, Tell
from llmops_cli.targets.host.contents import Contents
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.records import document_of

#: Bytes that are sent at once, but for a file that is larger; the lock's beats come in between.
_BATCH = 1024 * 1024


@dataclass(frozen=True)
class Sending:
    """A release that is on its way; ``tell`` takes lines of how it goes."""

    place: Place
    release: Release
    contents: Contents
    tell: Tell

    def send(self, host: str, session: Session) -> None:
        """Write the release on a host; one that is there is left as it is."""
        place, contents = self.place, self.contents
        facts = HostFacts.read(host, session.ask("facts", python=place.settings.python))
        document = {
            "files": contents.manifest(),
            "requirements": [{"file": path} for path in contents.requirements],
            "units": place.units(self.release, facts),
        }
        self._send_missing(host, session)
        session.ask(
            "write",
            payload=json.dumps(document).encode(),
            tell=lambda line: self.tell(place.told(host, line)),
            release=document_of(self.release),
            python=place.settings.python,
        )

    def _send_missing(self, host: str, session: Session) -> None:
        keys = sorted(self.contents.objects)
        missing = session.ask("missing", objects=keys)["missing"]
        objects = {key: self.contents.objects[key] for key in missing}
        for batch in _batches(objects):
            _put(session, batch)
        size = sum(path.stat().st_size for path in objects.values())
        sent = f"sent {len(objects)} of {len(keys)} files, {_size(size)}"
        self.tell(self.place.told(host, sent))


def _put(session: Session, batch: Sequence[tuple[str, Path]]) -> None:
    parts = [(key, path.read_bytes()) for key, path in batch]
    session.ask(
        "put",
        payload=b"".join(content for _key, content in parts),
        objects=[[key, len(content)] for key, content in parts],
    )


def _batches(objects: Mapping[str, Path]) -> Iterator[list[tuple[str, Path]]]:
    batch: list[tuple[str, Path]] = []
    size = 0
    for key, path in objects.items():
        own = path.stat().st_size
        if batch and size + own > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append((key, path))
        size += own
    if batch:
        yield batch


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} kB" if count < 1024 * 1024 else f"{count / 1024**2:.1f} MB"
