"""The bootstrap of hosts: user, folders, units, nginx, certificate; said first, then made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.core.infrastructure import Proposal, Tell
from llmops_cli.hosts.several import Hosts


@dataclass(frozen=True)
class HostInfrastructure:
    """Implements `core.infrastructure.Infrastructure` for hosts."""

    target: str
    config: Config
    settings: HostTarget
    hosts: Hosts

    @property
    def place(self) -> str:
        """Nothing of it is described in the project but `[targets.NAME]`."""
        return "llmops.toml"

    def plan(
        self, folder: Path, tell: Tell, *, destroying: bool = False, in_full: bool = False
    ) -> Proposal:
        """Return what an apply would change on the hosts, or what destroying would. Only reads."""
        raise NotImplementedError

    def apply(self, proposal: Proposal, tell: Tell) -> None:
        """Do exactly what was proposed, on all hosts at once."""
        raise NotImplementedError

    def outputs(self) -> Mapping[str, str]:
        """Return nothing: the project's settings are what the hosts follow."""
        return {}
