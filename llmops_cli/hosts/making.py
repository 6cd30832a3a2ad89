"""From the project file to its hosts."""

from pathlib import Path

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.config.placeholders import refusal
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.ssh import Ssh


def hosts_of(config: Config, settings: HostTarget, directory: Path) -> Hosts:
    """Make the hosts of a target of the project in ``directory``. Connects to none."""
    root = directory.resolve()
    return Hosts(
        names=settings.hosts,
        layout=HostLayout(settings.app or config.name),
        may_fail=settings.hosts_that_may_fail,
        refusal=refusal(settings),
        ssh=Ssh(
            config=root / settings.ssh_config if settings.ssh_config else None,
            known_hosts=root / settings.known_hosts if settings.known_hosts else None,
        ),
        python=settings.python,
    )
