"""Starts a release beside the live one, with what a stack needs for that, and looks after it."""

import contextlib
import time
from collections.abc import Sequence

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready
from llmops_cli.core.check import Verdict
from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate, Release
from llmops_cli.engine import volumes
from llmops_cli.engine.volumes import Entry
from llmops_cli.errors import DeployError, EngineError
from llmops_cli.stacks.stack import GATEWAY, service_of
from llmops_cli.targets.compose import traffic
from llmops_cli.targets.compose.containers import Container, inspected, releases_among
from llmops_cli.targets.compose.site import Site, of_service

_POLL_SECONDS = 0.1
_LOG_LINES_SHOWN = 20


def candidate_of(site: Site, release: Release) -> Candidate:
    """Name the service that a release will run as.

    It is a container that is kept of the release, or a new one; not one that runs: it may be
    finishing requests, and what was told to stop cannot be told to go on.
    """
    found = site.containers()
    number = 1
    while True:
        service = service_of(release, number)
        there = of_service(found, service)
        if there is None or there.state in ("exited", "created"):
            return Candidate(release, service)
        number += 1


def missing_services(site: Site, found: Sequence[Container]) -> list[str]:
    """Return what a stack needs beside releases and does not run, or is not through starting."""
    up = [c for c in found if c.is_running and (c.health != "starting" or c.role == GATEWAY)]
    names = {c.labels.get("com.docker.compose.service", "") for c in up}
    return [name for name in (*site.beside().names, GATEWAY) if name not in names]


def start_stack(site: Site, services: Sequence[str], tell: Tell) -> None:
    """Start what runs beside releases, wait until it is healthy, then the gateway.

    Raises:
        EngineError, DeployError: something does not come up.
    """
    # Makes the volumes that the file names.
    site.records.write(site.records.read())
    beside = [name for name in services if name != GATEWAY]
    if beside:
        site.starting(tell).start(beside)
    if GATEWAY in services:
        traffic.start_gateway(site)


def start(site: Site, candidate: Candidate) -> None:
    """Start the container of a candidate, made now unless it is kept from before."""
    there = of_service(site.containers(), candidate.name)
    if there is not None:
        site.engine.run("start", there.id)
        return
    release = candidate.release
    _fetch(site, release.image)
    if not site.records.read().deployed:
        _give_data_to(site, release.image)
    site.compose.up(site.file(release, candidate.name), candidate.name)


def wait_until_ready(site: Site, candidate: Candidate, url: str) -> None:
    """Wait until a candidate says, on the private side of the gateway, that it is ready.

    Raises:
        DeployError: it ended or did not become ready in time; the evidence is the end of its log.
    """
    found = site.containers()
    container = traffic.running(site, found, candidate.name)
    traffic.gateway_of(site, found).stage(site.route(container))
    deadline = time.monotonic() + site.configured.ready_seconds
    with open_client(url, 5) as client:
        while True:
            finding = ask_ready(client)
            if finding.verdict is Verdict.PASSED:
                return
            [container] = inspected(site.engine, site.stack, [container.id])
            if not container.is_running:
                raise _sick(site, container, f"It ended with status {container.exit_code}.")
            if time.monotonic() > deadline:
                waited = f"after {site.configured.ready_seconds:g} s"
                raise _sick(site, container, f"Not ready {waited}: {finding.evidence}")
            time.sleep(_POLL_SECONDS)


def discard(site: Site, candidate: Candidate) -> None:
    """End a candidate and remove it, unless it is on record, or kept from before.

    Where it has had traffic, what it answers still is finished first.
    """
    found, record = site.containers(), site.records.read()
    container = of_service(found, candidate.name)
    if container is None or container.service == record.service:
        return
    gateway = site.gateway(found)
    slots = gateway.slots() if gateway else []
    if container.is_running and any(
        s.service == container.service and s.had_traffic for s in slots
    ):
        traffic.let_finish(site, container)
    elif candidate.release.id in record.deployed and container.is_running:
        site.engine.run("stop", container.id)
    elif candidate.release.id not in record.deployed:
        site.engine.run("rm", "--force", container.id)
    if gateway is not None:
        gateway.park({container.service})


def retire(site: Site, keep: int) -> list[str]:
    """Remove old releases, their containers and their images, and return the releases' ids.

    The rule: the live release, the one it would go back to, every named one, every one that still
    runs, and besides them the ``keep`` that were live last, stay.
    """
    found, record = site.containers(), site.records.read()
    stopped = [c for c in releases_among(found) if not c.is_running]
    live = record.deployed.get(record.release)
    protected = {record.release, *site.records.names().values()}
    protected |= {live.previous} if live and live.previous else set()
    protected |= {c.release.id for c in releases_among(found) if c.release and c.is_running}
    others = sorted({c.release.id for c in stopped if c.release} - protected)
    others.sort(key=lambda id: record.deployed[id].last if id in record.deployed else "")
    doomed = set(others[: max(0, len(others) - keep)])
    for container in stopped:
        if container.release and container.release.id in doomed:
            site.engine.run("rm", container.id)
            _remove_image(site, container.image)
    return sorted(doomed)


def _fetch(site: Site, image: str) -> None:
    try:
        site.engine.run("image", "inspect", "--format", "{{.Id}}", image)
    except EngineError:
        site.engine.run("pull", "--quiet", image)


def _give_data_to(site: Site, image: str) -> None:
    """Let the user of an image write to the volume of its data, which nobody has written to."""
    told = site.engine.run("image", "inspect", "--format", "{{.Config.User}}", image)
    user = told.decode().strip().partition(":")[0]
    if user.isdecimal():
        folder = Entry("data", None, mode=0o700, owner=int(user))
        volumes.put(site.engine, site.stack.keeper, "", [folder])


def _remove_image(site: Site, image: str) -> None:
    """Remove the image of a release that is gone, if llmops made it and nothing else needs it."""
    with contextlib.suppress(EngineError):
        form = '{{index .Config.Labels "llmops.project"}}'
        made_here = site.engine.run("image", "inspect", "--format", form, image).strip()
        users = site.engine.run("ps", "--all", "--quiet", "--filter", f"ancestor={image}").strip()
        if made_here and not users:
            site.engine.run("image", "rm", image)


def _sick(site: Site, container: Container, what: str) -> DeployError:
    release = container.release
    last = "\n".join(site.engine.lines("logs", "--tail", str(_LOG_LINES_SHOWN), container.id))
    return DeployError(
        f"Release {release.id if release else container.name} does not come up.",
        evidence=f"{what} The end of its log:\n{last or '(nothing was written)'}",
    )
