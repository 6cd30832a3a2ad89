"""What makes the infrastructure that a target stands on."""

from pathlib import Path

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.core.infrastructure import Infrastructure
from llmops_cli.errors import PreflightError

#: The folder of a project that describes the infrastructure of its targets.
INFRA_FOLDER = "infra"


def make_infrastructure(config: Config, name: str, directory: Path) -> Infrastructure | None:
    """Make what makes the infrastructure of a target; None where its kind stands on none.

    Raises:
        PreflightError: the project does not say what to make.
    """
    settings = config.targets[name]
    if isinstance(settings, HostTarget):
        return _host(config, name, settings, directory)
    if isinstance(settings, AzureWebappTarget | AzureContainerAppTarget):
        return _azure(name, settings, directory)
    if isinstance(settings, AwsTarget):
        return _aws(name, settings, directory)
    if isinstance(settings, VertexTarget | CloudRunTarget):
        return _gcp(name, settings, directory)
    return None


def _host(config: Config, name: str, settings: HostTarget, directory: Path) -> Infrastructure:
    from llmops_cli.flows import operator
    from llmops_cli.hosts.making import hosts_of
    from llmops_cli.infra.host import HostInfrastructure
    from llmops_cli.secret_stores.hosts import HostStore
    from llmops_cli.targets.holding import written

    def holder(command: str) -> str:
        return written(operator.holder(command))

    hosts = hosts_of(config, settings, directory)
    store = HostStore(hosts)
    return HostInfrastructure(name, config, settings, hosts, store, holder)


def _azure(
    name: str, settings: AzureWebappTarget | AzureContainerAppTarget, directory: Path
) -> Infrastructure:
    if settings.infra is None:
        raise _unsaid(name, 'location = "…", such as westeurope')
    from llmops_cli.infra.azure import make

    return make(name, settings, directory.resolve() / INFRA_FOLDER / name, _place(name))


def _aws(name: str, settings: AwsTarget, directory: Path) -> Infrastructure:
    if settings.infra is None:
        raise _unsaid(name, "what to make")
    from llmops_cli.infra.aws import make

    return make(name, settings, directory.resolve() / INFRA_FOLDER / name, _place(name))


def _gcp(name: str, settings: VertexTarget | CloudRunTarget, directory: Path) -> Infrastructure:
    if settings.infra is None:
        raise _unsaid(name, "what to make")
    from llmops_cli.infra.gcp import make

    return make(name, settings, directory.resolve() / INFRA_FOLDER / name, _place(name))


def _place(name: str) -> str:
    return f"{INFRA_FOLDER}/{name}"


def _unsaid(name: str, what: str) -> PreflightError:
    return PreflightError(
        f"The project does not say what to make for {name}.",
        evidence=f"There is no table [targets.{name}.infra].",
        state="Nothing was changed.",
        next_step=f"Add [targets.{name}.infra] with {what}.",
    )
