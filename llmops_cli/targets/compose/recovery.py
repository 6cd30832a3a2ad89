"""Puts a stack in order that a killed llmops left behind; done by whoever takes the lock next."""

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

from llmops_cli.engine.volumes import WRITING
from llmops_cli.errors import EngineError
from llmops_cli.targets.compose import traffic
from llmops_cli.targets.compose.containers import Container, releases_among
from llmops_cli.targets.compose.lock import engine_time
from llmops_cli.targets.compose.records import Record
from llmops_cli.targets.compose.site import Site, of_service

#: Seconds after which a container that was made to read or write a volume is a leftover.
_LEFTOVER_SECONDS = 120.0


def put_in_order(site: Site) -> None:
    """Give the traffic to what is on record, end what nobody needs, remove what was half done."""
    found, record = site.containers(), site.records.read()
    if not found:
        return
    _give_back(site, found, record)
    now = engine_time(site.engine)
    _end_the_late(site, found, record, now)
    _remove_leftovers(site, found, now)


def _give_back(site: Site, found: list[Container], record: Record) -> None:
    gateway = site.gateway(found)
    if gateway is None or record.is_stopped:
        return
    live = gateway.live_service()
    recorded = of_service(found, record.service)
    if recorded is not None and recorded.is_running and live != record.service:
        gateway.move(site.route(recorded))
    elif not record.service and live:
        gateway.move(None)


def _end_the_late(site: Site, found: list[Container], record: Record, now: datetime) -> None:
    for container in releases_among(found):
        if container.service == record.service:
            continue
        release = container.release
        until = record.draining.get(container.id)
        if container.state in ("running", "restarting", "paused"):
            if until is None:
                traffic.let_finish(site, container)
            elif container.comes_back:
                traffic.tell_to_finish(site, container)
            elif now > datetime.fromisoformat(until):
                _run(site, "kill", container.id)
        elif release is not None and release.id not in record.deployed:
            _run(site, "rm", container.id)


def _remove_leftovers(site: Site, found: list[Container], now: datetime) -> None:
    for container in found:
        is_helper = container.role == "reader" or WRITING in container.labels
        if is_helper and now - container.created > timedelta(seconds=_LEFTOVER_SECONDS):
            _run(site, "rm", container.id)
            if WRITING in container.labels:
                _run(site, "volume", "rm", container.labels[WRITING])


def forgotten(record: Record, gone: set[str]) -> Record:
    """Return the record without releases that are gone."""
    deployed = {key: value for key, value in record.deployed.items() if key not in gone}
    return replace(record, deployed=deployed)


def _run(site: Site, *words: str) -> None:
    with contextlib.suppress(EngineError):
        site.engine.run(*words)
