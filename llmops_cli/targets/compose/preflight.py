"""Looks for what would make a deploy to a stack fail. Changes nothing."""

from collections.abc import Iterator

from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.engine.endpoint import is_local, publishes_here
from llmops_cli.engine.ports import publishers_of, why_not_free
from llmops_cli.stacks.compose import OLDEST
from llmops_cli.stacks.stack import GATEWAY
from llmops_cli.targets.compose.site import Site


def preflight(site: Site, release: Release) -> Iterator[Problem]:
    """Look for a missing tool, a taken port, and a gateway that listens elsewhere."""
    version = site.compose.version()
    if version is None or version < OLDEST:
        told = ".".join(str(part) for part in version) if version else "none"
        wanted = ".".join(str(part) for part in OLDEST)
        yield Problem(
            f"Docker Compose {wanted} or newer is needed; there is {told}.",
            "Install the plugin: https://docs.docker.com/compose/install/linux",
        )
        return
    missing = site.configured.certificate_secret
    if missing and site.configured.public_url is None:
        yield Problem(
            "The target has certificate_secret and no public_url, so its certificate fits no name.",
            'Set public_url = "https://…" in llmops.toml and commit.',
        )
    if site.configured.public_url is None and not publishes_here(site.engine):
        yield Problem(
            "The engine is on another machine, and nothing says how its gateway is reached.",
            'Set public_url = "http://…" in llmops.toml and commit.',
        )
        return
    yield from _of_the_port(site)


def _of_the_port(site: Site) -> Iterator[Problem]:
    published = site.published()
    gateways = [c for c in site.containers() if c.role == GATEWAY]
    for container in gateways:
        if container.is_running and published.address not in container.ports:
            yield Problem(
                f"The gateway listens on {', '.join(container.ports)}, not {published.address}.",
                "llmops start",
            )
    if any(container.is_running for container in gateways):
        return
    others = [p for p in publishers_of(site.engine, published.port) if p.project != site.stack.name]
    if others:
        yield Problem(
            f"{published.address} is used by the container {others[0].name}.",
            "Stop it, or set another `port` in llmops.toml and commit.",
        )
    elif is_local(site.engine) and (reason := why_not_free(published.host, published.port)):
        yield Problem(
            f"{published.address} cannot be listened on: {reason}.",
            "Stop what uses it, or set another `port` in llmops.toml and commit.",
        )
