"""The files that hosts run a release with, for people to read."""

from llmops_cli.contents.app_files import requirement_texts
from llmops_cli.core.release import Release
from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.site import site_of
from llmops_cli.hosts.units import boot_unit
from llmops_cli.source import open_source
from llmops_cli.targets.host.place import Place

_USUAL = HostFacts("any", systemd=(252,), nginx=(1, 22, 1), nginx_group="www-data", has_ipv6=True)


def documents_of(place: Place, release: Release) -> dict[str, str]:
    """Return the units, the site and the packages, as they would be on the first host reached.

    Where none is, they are those for Debian 12.
    """
    facts = _facts(place)
    layout, units = place.layout, place.units(release, facts)
    folder = "systemd"
    found = {f"{folder}/{layout.unit(release.id, kind)}": text for kind, text in units.items()}
    found[f"{folder}/{layout.boot_unit}"] = boot_unit(layout, place.settings)
    found[f"nginx/{layout.app}.conf"] = site_of(place.config, place.settings, layout, facts)
    texts = requirement_texts(place.config, open_source(place.directory), release)
    names = ("requirements.txt", "project-requirements.txt")
    return {**found, **dict(zip(names, texts, strict=False)), **place.stack.documents()}


def _facts(place: Place) -> HostFacts:
    try:
        host = place.hosts.there[0]
        told = place.hosts.session(host).ask("facts", python=place.settings.python)
    except LlmopsError:
        return _USUAL
    return HostFacts.read(host, told)
