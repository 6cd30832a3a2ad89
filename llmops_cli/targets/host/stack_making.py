"""From the project file to what runs behind the API on hosts."""

from pathlib import Path

from llmops_cli.config.host_target import HostStack as Settings
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore
from llmops_cli.hosts.several import Hosts
from llmops_cli.stacks.profile import Profile
from llmops_cli.stacks.stack import Stack
from llmops_cli.stacks.surroundings import MachineApi, Surroundings
from llmops_cli.targets.host.stack import HostStack


def make_stack(
    config: Config, settings: HostTarget, directory: Path, hosts: Hosts, store: SecretStore
) -> HostStack:
    """Make the stack of a target of the project in ``directory``. Asks the hosts nothing."""
    stack = Stack(f"{hosts.layout.app}-stack")
    # This profile runs nothing. A project cannot name it here; it leaves `stack` out.
    chosen = settings.stack or Settings.model_construct(profile="chat")
    profile = Profile(
        config, chosen, directory, stack, store, settings.drain_seconds, _around(settings, chosen)
    )
    return HostStack(hosts, stack, store, profile)


def _around(settings: HostTarget, chosen: Settings) -> Surroundings:
    certified = settings.certificate == "acme"
    return Surroundings(
        MachineApi(settings.server_name, settings.port, certified),
        {
            "litellm": chosen.litellm_port,
            "qdrant": chosen.qdrant_port,
            "mlflow": chosen.mlflow_port,
            "grafana": chosen.grafana_port,
        },
    )
