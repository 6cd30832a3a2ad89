"""From the project file to a target of kind "host"."""

from collections.abc import Mapping
from pathlib import Path

from llmops_cli.config.host_target import HostTarget as Settings
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore, Target
from llmops_cli.hosts.several import Hosts
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.stack_making import make_stack
from llmops_cli.targets.host.target import HostTarget


def make_host_target(
    config: Config, name: str, directory: Path, hosts: Hosts, store: SecretStore
) -> Target:
    """Make the target of that name for the project in ``directory``. Asks the hosts nothing."""
    settings = config.targets[name]
    assert isinstance(settings, Settings)
    stack = make_stack(config, settings, directory, hosts, store)
    place = Place(name, config, settings, directory, hosts, stack)

    def added() -> Mapping[str, str]:
        return {"LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}", **stack.settings()}

    return HostTarget(name, place, store, added)
