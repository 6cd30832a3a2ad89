"""What the hosts keep: releases, their names, and what was done. All of them keep the same."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from llmops_cli.core.release import KeptRelease, Release
from llmops_cli.core.target import Event
from llmops_cli.targets.documents import event_from, event_line, release_document, release_from
from llmops_cli.targets.host.place import Place


def kept(place: Place, limit: int) -> list[KeptRelease]:
    """Return the newest releases that any host can go back to."""
    found: dict[str, KeptRelease] = {}
    for document in _documents(place, "kept", limit=limit):
        one = _kept(document)
        if one is None:
            continue
        known = found.get(one.release.id)
        found[one.release.id] = _together(known, one) if known else one
    return list(found.values())[:limit]


def find(place: Place, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``, on whichever host."""
    found: dict[str, Release] = {}
    for document in _documents(place, "find", prefix=prefix):
        release = release_from(document)
        if release is not None:
            found.setdefault(release.id, release)
    return list(found.values())


def name(place: Place, release: str, names: Sequence[str]) -> None:
    """Give a release names; it is kept as long as it bears one."""
    if names:
        wanted = list(names)
        place.hosts.each(
            lambda _host, session: session.ask("name", release=release, names=wanted),
            place.hosts.there,
        )


def unname(place: Place, given: str) -> bool:
    """Take a name away; False where no release bears it."""
    answers = place.hosts.each(
        lambda _host, session: session.ask("unname", name=given), place.hosts.there
    )
    return any(answer.get("was") for answer in answers.values())


def events(place: Place, limit: int) -> list[Event]:
    """Return the latest events, the newest first; one that several hosts know counts once."""
    lines: dict[str, None] = {}
    for answer in _answers(place, "history", limit=limit):
        lines |= dict.fromkeys(answer["lines"])
    found = [event for line in lines if (event := event_from(line)) is not None]
    return sorted(found, key=lambda event: event.at, reverse=True)[:limit]


def append(place: Place, event: Event, hosts: Sequence[str]) -> None:
    """Add an event to what hosts remember."""
    line = event_line(event).rstrip("\n")
    place.hosts.each(lambda _host, session: session.ask("record", line=line), hosts)


def document_of(release: Release) -> dict[str, object]:
    """Return a release as it is sent."""
    document: dict[str, object] = json.loads(json.dumps(release_document(release)))
    return document


def _documents(place: Place, verb: str, **details: Any) -> list[dict[str, Any]]:
    return [one for answer in _answers(place, verb, **details) for one in answer["releases"]]


def _answers(place: Place, verb: str, **details: Any) -> list[dict[str, Any]]:
    """Ask the hosts that are reached, and return what each of them answers, in order."""
    unreached = place.hosts.reached()
    hosts = [host for host in place.hosts.names if host not in unreached]
    found = place.hosts.each(lambda _host, session: session.ask(verb, **details), hosts)
    return [found[host] for host in hosts]


def _kept(document: dict[str, Any]) -> KeptRelease | None:
    release = release_from(document["release"])
    if release is None:
        return None
    at = datetime.fromisoformat(document["deployed_at"])
    return KeptRelease(release, at, tuple(document["names"]))


def _together(one: KeptRelease, other: KeptRelease) -> KeptRelease:
    names = tuple(sorted({*one.names, *other.names}))
    at = [moment for moment in (one.deployed_at, other.deployed_at) if moment is not None]
    return replace(one, deployed_at=min(at, default=None), names=names)
