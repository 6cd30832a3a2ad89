"""From the project file to its hosts."""

from pathlib import Path

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.hosts.several import Hosts


def hosts_of(config: Config, settings: HostTarget, directory: Path) -> Hosts:
    """Make the hosts of a target of the project in ``directory``. Connects to none."""
    raise NotImplementedError
