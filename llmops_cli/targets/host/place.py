"""What all that a host target does is about: the project, its settings, and its hosts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.host_target import HostTarget as Settings
from llmops_cli.config.model import Config
from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.units import release_units


@dataclass(frozen=True)
class Place:
    """A target's part of a project, and the hosts that it names."""

    target: str
    config: Config
    settings: Settings
    directory: Path
    hosts: Hosts

    @property
    def layout(self) -> HostLayout:
        """Where things are on each host."""
        return self.hosts.layout

    @property
    def is_one(self) -> bool:
        """Whether there is but one host, which needs no telling apart."""
        return len(self.hosts.names) == 1

    def units(self, release: Release, facts: HostFacts) -> dict[str, str]:
        """Return the units of a release for a host."""
        versions = release.secret_versions
        return release_units(self.layout, self.settings, release, versions, facts)

    def told(self, host: str, text: str) -> str:
        """Return a text about a host, with its name where there are several."""
        return text if self.is_one else f"{host}: {text}"

    def where(self, hosts: Sequence[str]) -> str:
        """Return in words on which hosts, nothing where there is but one."""
        if self.is_one:
            return ""
        is_all = len(hosts) == len(self.hosts.names)
        return f" on {len(hosts)} hosts" if is_all else f" on {', '.join(hosts)}"
