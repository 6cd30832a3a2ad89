"""From the project file to a target of kind "host"."""

from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore, Target
from llmops_cli.hosts.several import Hosts


def make_host_target(
    config: Config, name: str, directory: Path, hosts: Hosts, store: SecretStore
) -> Target:
    """Make the target of that name for the project in ``directory``. Asks the hosts nothing."""
    raise NotImplementedError
