"""Kind of target -> what makes it; with `images`, `infrastructure` and `doctor` all that know them.

Every maker imports what it makes when it is called, so that no cloud's SDK is loaded for another.
"""

import sys
from pathlib import Path

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import LocalTarget
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError

#: The folder of a project in which the local target keeps its releases.
STATE_FOLDER = ".llmops"


def make_target(config: Config, name: str, directory: Path) -> Target:
    """Make the target of that name for the project in ``directory``. Touches nothing.

    Raises:
        PreflightError: this system cannot have such a target, or its packages are missing.
    """
    settings = config.targets[name]
    if isinstance(settings, ComposeTarget):
        return _compose(config, name, settings, directory)
    if isinstance(settings, AzureWebappTarget | AzureContainerAppTarget):
        return _azure(config, name, settings)
    if isinstance(settings, AwsTarget):
        return _aws(config, name, settings)
    if isinstance(settings, VertexTarget | CloudRunTarget):
        return _gcp(config, name, settings)
    if isinstance(settings, HostTarget):
        return _host(config, name, settings, directory)
    return _local(name, settings, directory)


def _local(name: str, settings: LocalTarget, directory: Path) -> Target:
    if sys.platform == "win32":
        raise PreflightError(
            "The local target needs Linux or macOS.", next_step="Run llmops in WSL."
        )
    from llmops_cli.secret_stores.file import FileStore
    from llmops_cli.targets.local.client import Client
    from llmops_cli.targets.local.layout import Layout
    from llmops_cli.targets.local.target import LocalTarget as Local

    layout = Layout(directory.resolve() / STATE_FOLDER / name)
    store = FileStore(layout.secrets)
    return Local(name, directory, settings, store, layout, Client(layout))


def _compose(config: Config, name: str, settings: ComposeTarget, directory: Path) -> Target:
    from llmops_cli.engine.docker import Engine
    from llmops_cli.secret_stores.volumes import VolumeStore
    from llmops_cli.targets.compose.making import make_compose_target, stack_of

    engine = Engine(host=settings.docker_host, context=settings.context)
    store = VolumeStore(engine, stack_of(config, name).name)
    return make_compose_target(config, name, directory, engine, store)


def _host(config: Config, name: str, settings: HostTarget, directory: Path) -> Target:
    from llmops_cli.hosts.making import hosts_of
    from llmops_cli.secret_stores.hosts import HostStore
    from llmops_cli.targets.host.making import make_host_target

    hosts = hosts_of(config, settings, directory)
    return make_host_target(config, name, directory, hosts, HostStore(hosts))


def _azure(
    config: Config, name: str, settings: AzureWebappTarget | AzureContainerAppTarget
) -> Target:
    from llmops_cli.clouds.azure.account import Account, require_packages
    from llmops_cli.secret_stores.key_vault import KeyVaultStore
    from llmops_cli.targets.azure_containerapp import making as container_apps
    from llmops_cli.targets.azure_webapp import making as web_apps

    require_packages()
    account = Account(settings)
    store = KeyVaultStore(account)
    if isinstance(settings, AzureWebappTarget):
        return web_apps.make(config, name, settings, account, store)
    return container_apps.make(config, name, settings, account, store)


def _aws(config: Config, name: str, settings: AwsTarget) -> Target:
    from llmops_cli.clouds.aws.account import Account, require_packages
    from llmops_cli.clouds.aws.shelf import BucketShelf
    from llmops_cli.secret_stores.secrets_manager import SecretsManagerStore
    from llmops_cli.targets.aws_ecs.making import make
    from llmops_cli.targets.shelved.book import Book

    require_packages()
    account = Account(settings)
    prefix = settings.secret_prefix or f"{config.name}/"
    book = Book(BucketShelf(account), f"{config.name}/{name}/")
    store = SecretsManagerStore(account, prefix)
    return make(config, name, settings, account=account, book=book, secrets=store)


def _gcp(config: Config, name: str, settings: GcpTarget) -> Target:
    from llmops_cli.clouds.gcp.account import Account, require_packages
    from llmops_cli.clouds.gcp.shelf import BucketShelf
    from llmops_cli.secret_stores.secret_manager import SecretManagerStore
    from llmops_cli.targets.gcp_run import making as run
    from llmops_cli.targets.gcp_vertex import making as vertex
    from llmops_cli.targets.shelved.book import Book

    require_packages()
    account = Account(settings)
    prefix = settings.secret_prefix or f"{config.name}-"
    book = Book(BucketShelf(account), f"{config.name}/{name}/")
    store = SecretManagerStore(account, prefix)
    if isinstance(settings, VertexTarget):
        return vertex.make(config, name, settings, account=account, book=book, secrets=store)
    assert isinstance(settings, CloudRunTarget)
    return run.make(config, name, settings, account=account, book=book, secrets=store)
