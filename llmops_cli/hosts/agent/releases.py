"""The release folders, as they are read: which there are, and which were ever live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent.durable import PARTIAL, read_json
from llmops_cli.hosts.agent.places import Places


@dataclass(frozen=True)
class Deployed:
    """When a release was first put into service, in ISO 8601, and what served before it."""

    at: str
    previous: str | None


def current(places: Places) -> str | None:
    """Return the release that serves, or should."""
    try:
        return Path(places.current.readlink()).name
    except OSError:
        return None


def ids(places: Places) -> list[str]:
    """Return the ids of every release folder, the one that was live latest first."""
    if not places.releases.is_dir():
        return []
    kept = [path for path in places.releases.iterdir() if not path.name.startswith(PARTIAL)]
    return [path.name for path in sorted(kept, key=_age, reverse=True)]


def document(places: Places, release: str) -> dict[str, Any] | None:
    """Return a release as it was given, or None where there is none."""
    return read_json(places.release(release) / "release.json")


def deployed(places: Places, release: str) -> Deployed | None:
    """Return when a release was first live, or None where it never was."""
    found = read_json(places.release(release) / "deployed.json")
    return Deployed(str(found.get("at")), found.get("previous")) if found else None


def previous_of(places: Places, release: str) -> str | None:
    """Return the release that was live before this one was first, if it is still there."""
    found = deployed(places, release)
    previous = found.previous if found else None
    return previous if previous and places.release(previous).is_dir() else None


def names(places: Places) -> dict[str, str]:
    """Return the names given to releases: name to id."""
    return read_json(places.names) or {}


def kept(places: Places) -> Iterator[dict[str, Any]]:
    """Yield the releases that have been live, the one that was latest first."""
    named = names(places)
    for release in ids(places):
        live, found = deployed(places, release), document(places, release)
        if live and found:
            yield {"release": found, "deployed_at": live.at, "names": _names_of(release, named)}


def find(places: Places, prefix: str) -> list[dict[str, Any]]:
    """Return the releases that have been live and whose name or id begins with ``prefix``."""
    named = names(places)
    there = sorted(release for release in ids(places) if release.startswith(prefix))
    wanted = [named[prefix]] if prefix in named else [prefix] if prefix in there else there
    found = (document(places, release) for release in wanted if deployed(places, release))
    return [release for release in found if release is not None]


def _names_of(release: str, named: Mapping[str, str]) -> list[str]:
    return sorted(name for name, bearer in named.items() if bearer == release)


def _age(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
