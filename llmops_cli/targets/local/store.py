"""The release folders: written once, found by id, retired by a rule.

What a listing costs depends on how many releases are shown, not on how many there are: order and
age come from the folders' own modification times, and a release's file is read only to show it.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmops_cli import __version__
from llmops_cli.core.release import KeptRelease, Release
from llmops_cli.targets.documents import release_document, release_from
from llmops_cli.targets.local.layout import Layout

_FORMAT = 1
#: Logs of releases that were never live and are not there any more.
FAILED_LOGS_KEPT = 10
#: Prefix of folders that are being written or removed; leftovers of a crash bear it.
_PARTIAL = "."


@dataclass(frozen=True)
class Live:
    """The release that should serve, since when, and whether an operator stopped it."""

    release: str
    since: datetime
    is_stopped: bool = False


@dataclass(frozen=True)
class Store:
    """Reads and writes the release folders of one local target."""

    layout: Layout

    def write(self, release: Release, export: Callable[[Path], None]) -> None:
        """Write a release folder, whole or not at all; one that is there is left as it is.

        ``export`` puts the files of the commit into the folder that it is given.
        """
        if self.folder(release.id).exists():
            return
        partial = self.layout.releases / f"{_PARTIAL}{release.id}-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            (partial / "source").mkdir(parents=True)
            export(partial / "source")
            write_json(partial / "release.json", _to_document(release))
            partial.rename(self.folder(release.id))
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def folder(self, release: str) -> Path:
        """Return where a release is, or would be."""
        return self.layout.releases / release

    def read(self, release: str) -> Release | None:
        """Read a release, or return None where there is none."""
        document = read_json(self.folder(release) / "release.json")
        return release_from(document) if document else None

    def ids(self) -> list[str]:
        """Return the ids of every release folder, the one that was live latest first."""
        with os.scandir(self.layout.releases) as entries:
            kept = [e for e in entries if not e.name.startswith(_PARTIAL)]
            ages = {entry.name: entry.stat().st_mtime_ns for entry in kept}
        return sorted(ages, key=lambda name: ages[name], reverse=True)

    def newest(self, limit: int) -> list[KeptRelease]:
        """Return the newest releases that have been live, at most ``limit``."""
        found: list[KeptRelease] = []
        names = self.names()
        for release in self.ids():
            if len(found) == limit:
                break
            kept = self._kept(release, names)
            if kept is not None:
                found.append(kept)
        return found

    def find(self, prefix: str) -> list[Release]:
        """Return the releases that have been live and whose name or id begins with ``prefix``."""
        names = self.names()
        if prefix in names:
            wanted = [names[prefix]]
        else:
            folders = os.listdir(self.layout.releases)  # noqa: PTH208 - ten times faster
            ids = sorted(folder for folder in folders if folder.startswith(prefix))
            wanted = [prefix] if prefix in ids else ids
        found = (self._kept(release, names) for release in wanted)
        return [kept.release for kept in found if kept is not None]

    def previous_of(self, release: str) -> str | None:
        """Return the release that was live when this one was first put into service."""
        document = read_json(self.folder(release) / "deployed.json") or {}
        previous = document.get("previous")
        return previous if previous and self.folder(previous).exists() else None

    def names(self) -> dict[str, str]:
        """Return the names given to releases: name to id."""
        return read_json(self.layout.names) or {}

    def name(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; a name that another release bore moves."""
        if names:
            write_json(self.layout.names, {**self.names(), **dict.fromkeys(names, release)})

    def unname(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        names = self.names()
        if names.pop(name, None) is None:
            return False
        write_json(self.layout.names, names)
        return True

    def live(self) -> Live | None:
        """Return which release should serve."""
        document = read_json(self.layout.live) or {}
        try:
            since = datetime.fromisoformat(document["since"])
            return Live(document["release"], since, is_stopped=document.get("stopped", False))
        except (KeyError, TypeError, ValueError):
            return None

    def set_live(self, release: str, at: datetime) -> None:
        """Record that a release serves, and, the first time, what served before it."""
        before = self.live()
        if not self._was_live(release):
            previous = before.release if before and before.release != release else None
            document = {"at": at.isoformat(), "previous": previous}
            write_json(self.folder(release) / "deployed.json", document)
        os.utime(self.folder(release))
        write_json(self.layout.live, {"release": release, "since": at.isoformat()})

    def set_stopped(self, *, stopped: bool) -> None:
        """Record that an operator stopped or started the recorded release."""
        document = read_json(self.layout.live)
        if document:
            write_json(self.layout.live, {**document, "stopped": stopped})

    def retire(self, keep: int, running: Collection[str] = ()) -> list[str]:
        """Remove old releases and return their ids.

        The rule: the live release, the one it would go back to, every named one, every one that
        still has a process, and besides them the ``keep`` that were live last, stay. Leftovers of
        a crash go.
        """
        live = self.live()
        protected = {*self.names().values(), *running}
        if live is not None:
            protected |= {live.release, self.previous_of(live.release) or live.release}
        kept, doomed = 0, []
        for release in self.ids():
            if release in protected:
                continue
            if kept < keep and self._was_live(release):
                kept += 1
            else:
                doomed.append(release)
        for release in doomed:
            self.remove(release)
        self._sweep()
        return doomed

    def remove(self, release: str) -> None:
        """Remove a release folder and its log."""
        doomed = self.layout.releases / f"{_PARTIAL}{release}-old-{os.getpid()}"
        try:
            self.folder(release).rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)
        for log in self.layout.logs.glob(f"{release}.log*"):
            log.unlink(missing_ok=True)

    def remove_if_never_live(self, release: str) -> None:
        """Remove a release that failed before it was ever in service; its log stays."""
        if not self._was_live(release):
            shutil.rmtree(self.folder(release), ignore_errors=True)

    def _kept(self, release: str, names: Mapping[str, str]) -> KeptRelease | None:
        deployed = read_json(self.folder(release) / "deployed.json")
        found = self.read(release) if deployed else None
        if not found or not deployed:
            return None
        own = tuple(sorted(name for name, named in names.items() if named == release))
        return KeptRelease(found, datetime.fromisoformat(deployed["at"]), own)

    def _was_live(self, release: str) -> bool:
        return (self.folder(release) / "deployed.json").exists()

    def _sweep(self) -> None:
        for leftover in self.layout.releases.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        # What a failed release wrote is worth reading, but not for ever.
        kept = set(os.listdir(self.layout.releases))  # noqa: PTH208 - ten times faster
        logs = [
            log for log in self.layout.logs.iterdir() if log.name.partition(".log")[0] not in kept
        ]
        for log in sorted(logs, key=lambda log: log.stat().st_mtime)[:-FAILED_LOGS_KEPT]:
            log.unlink(missing_ok=True)


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write a small file whole or not at all, also when the machine stops half-way."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a small file, or return None where there is none or it is not whole."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _to_document(release: Release) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "llmops": __version__,
        "written_at": datetime.now(UTC).isoformat(),
        **release_document(release),
    }
