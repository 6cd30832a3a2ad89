"""The units of systemd: of a release, and the one that starts what is current."""

from collections.abc import Mapping

from llmops_cli.config.host_target import HostTarget
from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout


def release_units(
    layout: HostLayout,
    settings: HostTarget,
    release: Release,
    secrets: Mapping[str, str],
    facts: HostFacts,
) -> dict[str, str]:
    """Return the texts of a release's units by their kind, ``service`` and ``socket``.

    ``secrets`` maps the names of the secrets that the API gets to their versions.
    """
    raise NotImplementedError


def boot_unit(layout: HostLayout) -> str:
    """Return the text of the unit that starts what is current, after a boot too."""
    raise NotImplementedError
