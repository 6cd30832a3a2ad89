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
from llmops_cli.targets.host.stack import HostStack


@dataclass(frozen=True)
class Place:
    """A target's part of a project, the hosts that it names, and what runs there beside the API."""

    target: str
    config: Config
    settings: Settings
    directory: Path
    hosts: Hosts
    stack: HostStack

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
        # What only a service of the stack reads, the API does not get.
        own = {
            name: release.secret_versions[name]
            for name in self.stack.api_secrets()
            if name in release.secret_versions
        }
        return release_units(self.layout, self.settings, release, own, facts)

    def told(self, host: str, text: str) -> str:
        """Return a text about a host, with its name where there are several."""
        return text if self.is_one else f"{host}: {text}"

    def where(self, hosts: Sequence[str]) -> str:
        """Return in words on which hosts, nothing where there is but one."""
        if self.is_one:
            return ""
        is_all = len(hosts) == len(self.hosts.names)
        return f" on {len(hosts)} hosts" if is_all else f" on {', '.join(hosts)}"
