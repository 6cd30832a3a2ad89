"""Brings a release up as a revision beside the live one: a new one, or one that is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from llmops_cli.clouds.azure.cloud import cloud_of_registry
from llmops_cli.core.release import Candidate, Release
from llmops_cli.targets.azure_containerapp import secrets, traffic
from llmops_cli.targets.azure_containerapp.app import App, AppSecret, Revision
from llmops_cli.targets.azure_containerapp.memory import next_number, remembered
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.records import records_of, with_records
from llmops_cli.targets.azure_containerapp.template import Shape, suffix_of, template_of
from llmops_cli.targets.azure_containerapp.variables import release_of
from llmops_cli.targets.azure_containerapp.waiting import broken
from llmops_cli.targets.shares import whole


def candidate_of(place: Place, seen: Seen, release: Release) -> Candidate:
    """Name the revision that a release runs as: one that is kept of it, or a new one."""
    there = kept_revision(seen, release)
    if there is not None:
        return Candidate(release, there.name)
    number = next_number(seen, remembered(seen))
    return Candidate(release, f"{place.app}--{suffix_of(place.app, release, number)}")


def kept_revision(seen: Seen, release: Release) -> Revision | None:
    """Return the revision that has run this release, with this image, and can do so again."""
    for one in remembered(seen).deployed:
        revision = seen.revision(one.revision)
        there = release_of(revision) if revision else None
        if revision and there and there.id == release.id and not broken(revision):
            return revision if release.image in ("", there.image) else None
    return None


def body(place: Place, seen: Seen, candidate: Candidate, app: App) -> dict[str, Any]:
    """Return what makes the candidate's revision, without traffic where another has it."""
    configuration: dict[str, Any] = {
        "activeRevisionsMode": "Multiple",
        "ingress": {**_port(place, app), "traffic": _traffic(seen, candidate, app)},
    }
    wanted = secrets.wanted(app.secrets, _needed(place, candidate.release))
    if wanted.is_change:
        values = place.inline_values() if wanted.needs_values else {}
        configuration["secrets"] = secrets.documents_of(wanted.secrets, values)
    registries = registries_with(place, candidate.release, app.registries)
    if registries is not None:
        configuration["registries"] = registries
    suffix = candidate.name.removeprefix(f"{place.app}--")
    template = template_of(shape_of(place), candidate.release, suffix, app.template)
    return {"properties": {"configuration": configuration, "template": template}}


def counted(place: Place, candidate: Candidate, tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags with one more revision asked for."""
    records = records_of(place.app, tags)
    number = int(candidate.name.rpartition("-")[2])
    return with_records(place.app, replace(records, made=max(records.made, number)), tags)


def shape_of(place: Place) -> Shape:
    """Return what templates take from the project file."""
    return Shape(place.configured, place.port, place.is_ours)


def active_carrying(seen: Seen, app: App) -> dict[str, int]:
    """Return who has traffic and can take it."""
    active = {revision.name for revision in seen.revisions if revision.is_active}
    return {name: weight for name, weight in app.carrying.items() if name in active}


def registries_with(
    place: Place, release: Release, there: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]] | None:
    """Return the app's registries with that of the image; None where nothing has to change."""
    identity, server = place.configured.identity, server_of(place, release.image)
    if not identity or not server:
        return None
    before = list(there)
    others = [one for one in before if str(one.get("server") or "").lower() != server]
    found = [one for one in before if one not in others]
    if any(str(one.get("identity") or "").lower() == identity.lower() for one in found):
        return None
    kept = [{key: value for key, value in one.items() if value} for one in others]
    return [*kept, {"server": server, "identity": identity}]


def server_of(place: Place, image: str) -> str:
    """Return the registry of Azure that an image is in; nothing for those of others."""
    server = image.partition("/")[0].lower()
    # An Azure with addresses of its own has registries of other names.
    is_elsewhere = place.configured.endpoints.resource_manager is not None
    return server if cloud_of_registry(server) or is_elsewhere else ""


def _needed(place: Place, release: Release) -> tuple[AppSecret, ...]:
    return secrets.references_of(place.configured, release)


def _traffic(seen: Seen, candidate: Candidate, app: App) -> list[dict[str, Any]]:
    there = {revision.name for revision in seen.revisions}
    carrying = active_carrying(seen, app)
    if not carrying:
        return traffic.documents_of(traffic.only(candidate.name, app.shares), there)
    weights = whole(carrying)
    shares = traffic.mixed({**weights, candidate.name: 0}, app.shares)
    return traffic.documents_of(shares, {*there, candidate.name})


def _port(place: Place, app: App) -> dict[str, Any]:
    if not app.has_ingress:
        return {"external": True, "targetPort": place.port, "transport": "auto"}
    return {} if app.target_port == place.port else {"targetPort": place.port}
