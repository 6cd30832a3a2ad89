"""From the project file to what the bootstrap is to make of a host."""

from dataclasses import replace

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.hosts.agent.bootstrap_wanted import (
    ACME,
    GENERATED,
    PATH,
    SECRET,
    Certificate,
    Site,
    Wanted,
)
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.site import HTTP2_DIRECTIVE, alternative_names, site_of
from llmops_cli.hosts.units import boot_unit


def wanted_of(config: Config, settings: HostTarget, layout: HostLayout, facts: HostFacts) -> Wanted:
    """Return what the bootstrap is to make of the host that these facts are of."""
    # Which nginx a host will have is not known before its package is installed.
    sites = [
        Site(since, site_of(config, settings, layout, replace(facts, nginx=since)))
        for since in ((), HTTP2_DIRECTIVE)
    ]
    return Wanted(
        sites=sites,
        boot_unit=boot_unit(layout, settings),
        certificate=_certificate(settings),
        port=settings.port,
        python=settings.python,
        has_stack=settings.stack is not None,
        libraries=_libraries(config),
    )


def _libraries(config: Config) -> dict[str, str]:
    """Return what the packages of releases need of the system: libraries, and their packages."""
    has_engine = any(upstream.gguf for upstream in config.api.upstreams)
    return {"libgomp.so.1": "libgomp1"} if has_engine else {}


def _certificate(settings: HostTarget) -> Certificate:
    names = alternative_names(settings)
    if settings.certificate_secret is not None:
        return Certificate(SECRET, names, secret=settings.certificate_secret)
    if settings.certificate_key is not None:
        path, key = settings.certificate, settings.certificate_key
        return Certificate(PATH, names, path=path, key_path=key)
    if settings.certificate == ACME:
        return Certificate(ACME, names, email=settings.acme_email or "")
    return Certificate(GENERATED, names)
