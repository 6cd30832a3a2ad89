"""Reads what a stack is doing. Changes nothing."""

import contextlib
from collections.abc import Mapping, Sequence

from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.errors import LlmopsError
from llmops_cli.stacks.stack import DATA, DEFINITION, GATEWAY
from llmops_cli.targets.compose.containers import Container, releases_among
from llmops_cli.targets.compose.records import Record
from llmops_cli.targets.compose.site import Site, of_service


def inspect(site: Site, address: str) -> State:
    """Say what serves, what should, and what is wrong where they differ."""
    found, record = site.containers(), site.records.read()
    recorded = of_service(found, record.service)
    gateway = site.gateway(found)
    service = gateway.live_service() if gateway else ""
    routed = of_service(found, service)
    live = routed if routed is not None and routed.is_running else None
    trouble, remedy = _trouble(site, found, record, routed)
    return State(
        address,
        live.release if live else None,
        recorded.release if recorded else None,
        _previous(found, record),
        trouble,
        remedy,
        _facts(site, found, live),
    )


def kept(site: Site) -> list[KeptRelease]:
    """Return the releases that can be gone back to, the one that was live latest first."""
    record, names = site.records.read(), site.records.names()
    there = {c.release.id: c.release for c in releases_among(site.containers()) if c.release}
    ids = sorted(
        (id for id in there if id in record.deployed),
        key=lambda id: record.deployed[id].last,
        reverse=True,
    )
    return [
        KeptRelease(
            there[id],
            record.deployed[id].first,
            tuple(sorted(name for name, named in names.items() if named == id)),
        )
        for id in ids
    ]


def find(site: Site, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``."""
    releases = {found.release.id: found.release for found in kept(site)}
    named = site.records.names().get(prefix)
    if named is not None:
        return [releases[named]] if named in releases else []
    if prefix in releases:
        return [releases[prefix]]
    return [releases[id] for id in sorted(releases) if id.startswith(prefix)]


def _trouble(
    site: Site, found: Sequence[Container], record: Record, routed: Container | None
) -> tuple[str, str]:
    """Say what is wrong, and the command that mends it; nothing where all is well."""
    if not record.service:
        return ("", "")
    if record.is_stopped:
        return ("It was stopped by an operator.", "llmops start")
    if site.gateway(found) is None:
        return ("The gateway is not running and nothing serves.", "llmops start")
    recorded = of_service(found, record.service)
    if recorded is None:
        return (f"The container of {record.release} is gone.", "llmops deploy")
    return _trouble_of(recorded, record, routed)


def _trouble_of(recorded: Container, record: Record, routed: Container | None) -> tuple[str, str]:
    if not recorded.is_running:
        ended = f"it ended with status {recorded.exit_code}"
        return (f"{record.release} is {recorded.state}; {ended}.", "llmops start")
    if routed is None or routed.id != recorded.id:
        other = routed.release.id if routed and routed.release else "Nothing"
        return (f"{other} has the traffic, and a deploy has not settled.", "llmops start")
    if recorded.health == "unhealthy":
        return (f"{record.release} says that it is not healthy.", "llmops logs")
    return ("", "")


def _previous(found: Sequence[Container], record: Record) -> str | None:
    deployed = record.deployed.get(record.release)
    there = {c.release.id for c in releases_among(found) if c.release}
    return deployed.previous if deployed and deployed.previous in there else None


def _facts(site: Site, found: Sequence[Container], live: Container | None) -> dict[str, str]:
    facts: dict[str, str] = {}
    if live is not None:
        facts["container"] = live.name
        facts["restarts"] = str(live.restarts)
    definitions = _definitions(site)
    for container in found:
        if container.role in (GATEWAY, DATA) and container.service:
            made_from = container.labels.get(DEFINITION)
            is_changed = definitions.get(container.service, made_from) != made_from
            changed = ", changed since: llmops start" if is_changed else ""
            # What has ended keeps the health that it had last.
            health = container.health if container.is_running else ""
            facts[container.service] = f"{health or container.state}{changed}"
    return facts


def _definitions(site: Site) -> Mapping[str, str]:
    """Return what each service would be made from now; nothing where the project has faults."""
    with contextlib.suppress(LlmopsError):
        return {GATEWAY: site.published().definition, **site.beside().definitions}
    return {}
