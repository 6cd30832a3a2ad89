"""Stops a whole stack, and starts it again with what is on record."""

import math
from dataclasses import replace

from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError
from llmops_cli.stacks.stack import API, GATEWAY
from llmops_cli.targets.compose import traffic
from llmops_cli.targets.compose.site import Site, of_service


def start(site: Site, tell: Tell) -> None:
    """Start what runs beside the API, the release on record, and the gateway, in this order.

    Services whose definition has changed in the project are made anew; their data stays.

    Raises:
        DeployError: the container of the release is gone, or something does not come up.
    """
    record = replace(site.records.read(), is_stopped=False)
    recorded = of_service(site.containers(), record.service)
    if recorded is None:
        raise DeployError(
            f"The container of {record.release} is gone.",
            state="Nothing was started.",
            next_step="llmops deploy",
        )
    site.records.write(record, site.gateway_files(record, recorded.release))
    beside = site.beside().names
    if beside:
        site.starting(tell).start(beside, renews=True)
    site.engine.run("update", "--restart", "unless-stopped", recorded.id)
    site.engine.run("start", recorded.id)
    traffic.start_gateway(site, renews=True)
    container = traffic.running(site, site.containers(), record.service)
    traffic.gateway_of(site, site.containers()).move(site.route(container))


def stop(site: Site, grace: float) -> None:
    """Let the gateway finish what it has within ``grace`` seconds, then stop everything else."""
    found, record = site.containers(), site.records.read()
    recorded = of_service(found, record.service)
    stopped = replace(record, is_stopped=True)
    release = recorded.release if recorded else None
    site.records.write(stopped, site.gateway_files(stopped, release))
    ours = [c for c in found if c.state in ("running", "restarting", "paused")]
    first = [c.id for c in ours if c.role == GATEWAY]
    then = [c.id for c in ours if c.role == API]
    last = [c.id for c in ours if c.role not in (GATEWAY, API)]
    for ids in (first, then, last):
        if ids:
            site.engine.run("stop", "--time", str(math.ceil(grace)), *ids)
