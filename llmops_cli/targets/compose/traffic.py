"""Moves the traffic of a stack between the containers of its releases, and puts it on record."""

import contextlib
import time
from dataclasses import replace
from datetime import datetime, timedelta

from llmops_cli.errors import DeployError, EngineError
from llmops_cli.targets.compose.containers import Container, releases_among
from llmops_cli.targets.compose.environment import drain_seconds_of
from llmops_cli.targets.compose.gateway import Gateway
from llmops_cli.targets.compose.lock import engine_time
from llmops_cli.targets.compose.records import Record
from llmops_cli.targets.compose.site import Site, of_service

_POLL_SECONDS = 0.1
_GATEWAY_SECONDS = 30.0
_START_SECONDS = 10.0
_SLACK_SECONDS = 5.0


def promote(site: Site, service: str, expected: str) -> None:
    """Give a candidate the traffic, if the service on record is still the expected one.

    Raises:
        DeployError: it is not, or the candidate does not run.
    """
    found = site.containers()
    recorded = site.records.read().service
    if recorded != expected:
        raise DeployError(f"{recorded or 'Nothing'} is on record now, not {expected or 'nothing'}.")
    candidate = running(site, found, service)
    site.engine.run("update", "--restart", "unless-stopped", candidate.id)
    gateway_of(site, found).move(site.route(candidate))


def settle(site: Site, service: str) -> None:
    """Put on record that a release is live, and how the gateway starts from now on."""
    found, record = site.containers(), site.records.read()
    container = running(site, found, service)
    release, now = container.release, engine_time(site.engine)
    assert release is not None
    settled = record.settled(release.id, service, now.isoformat())
    others = [c for c in releases_among(found) if c.is_running and c.id != container.id]
    settled = replace(settled, draining=_draining(settled, found, others, now))
    site.records.write(settled, site.gateway_files(settled, release))


def finish(site: Site) -> None:
    """Tell what has the traffic no more to finish what it does, and wait for none of it."""
    found, record = site.containers(), site.records.read()
    ending = [
        container
        for container in releases_among(found)
        if container.id in record.draining and container.service != record.service
    ]
    for container in ending:
        tell_to_finish(site, container)
    gateway = site.gateway(found)
    if gateway is not None:
        gateway.park({container.service for container in ending})


def let_finish(site: Site, container: Container) -> None:
    """Tell a container to finish, and put on record until when it may."""
    found, record = site.containers(), site.records.read()
    now = engine_time(site.engine)
    draining = _draining(record, found, [container], now)
    release = next((c.release for c in found if c.service == record.service), None)
    site.records.write(replace(record, draining=draining), site.gateway_files(record, release))
    site.engine.run("update", "--restart", "unless-stopped", container.id)
    tell_to_finish(site, replace(container, restart_policy="unless-stopped"))


def tell_to_finish(site: Site, container: Container) -> None:
    """Send the signal to stop. It is sent once: a second one would cut off what is under way."""
    if not (container.is_running and container.comes_back):
        return
    with contextlib.suppress(EngineError):
        # Not `docker stop`, whose caller would have to wait for the end.
        site.engine.run("update", "--restart", "no", container.id)
        site.engine.run("kill", "--signal", container.stop_signal, container.id)


def restore(site: Site, candidate: str) -> None:
    """Give the traffic back to what is on record, unless that is the candidate by now."""
    found, record = site.containers(), site.records.read()
    if record.service == candidate:
        return
    gateway = site.gateway(found)
    if gateway is None:
        # It starts with what is on record.
        start_gateway(site)
        return
    recorded = of_service(found, record.service)
    if recorded is None:
        gateway.move(None)
        return
    if not recorded.is_running:
        site.engine.run("start", recorded.id)
    gateway.move(site.route(running(site, site.containers(), record.service)))


def start_gateway(site: Site, *, renews: bool = False) -> None:
    """Start the gateway with what is on record, and wait until it can be asked.

    Raises:
        DeployError: it does not come up.
    """
    found, record = site.containers(), site.records.read()
    recorded = of_service(found, record.service)
    release = recorded.release if recorded else None
    site.records.write(record, site.gateway_files(record, release))
    site.compose.up(site.file(), "gateway", renews=renews)
    deadline = time.monotonic() + _GATEWAY_SECONDS
    while True:
        try:
            gateway_of(site, site.containers()).slots()
        except (DeployError, EngineError) as error:
            if time.monotonic() > deadline:
                raise DeployError(
                    "The gateway does not come up.", evidence=_log(site) or error.evidence
                ) from error
        else:
            return
        time.sleep(_POLL_SECONDS)


def gateway_of(site: Site, found: list[Container]) -> Gateway:
    """Return the gateway.

    Raises:
        DeployError: it does not run.
    """
    gateway = site.gateway(found)
    if gateway is None:
        raise DeployError("The gateway is not running.", next_step="llmops start")
    return gateway


def running(site: Site, found: list[Container], service: str) -> Container:
    """Return the container of a service once it runs and has an address.

    Raises:
        DeployError: it does not, after a while.
    """
    deadline = time.monotonic() + _START_SECONDS
    while True:
        container = of_service(found, service)
        if container is not None and container.is_running and container.address:
            return container
        if time.monotonic() > deadline:
            state = container.state if container else "gone"
            raise DeployError(f"The container of {service} is {state}.")
        time.sleep(_POLL_SECONDS)
        found = site.containers()


def _draining(
    record: Record, found: list[Container], others: list[Container], now: datetime
) -> dict[str, str]:
    """Return until when each container may finish: those that are told now, and before."""
    there = {container.id for container in found if container.is_running}
    draining = {key: until for key, until in record.draining.items() if key in there}
    for container in others:
        release = container.release
        seconds = drain_seconds_of(release) if release else 0.0
        until = now + timedelta(seconds=seconds + _SLACK_SECONDS)
        draining.setdefault(container.id, until.isoformat())
    return draining


def _log(site: Site) -> str:
    gateways = [c for c in site.containers() if c.role == "gateway"]
    with contextlib.suppress(EngineError):
        return "\n".join(site.engine.lines("logs", "--tail", "10", gateways[0].id))
    return ""
