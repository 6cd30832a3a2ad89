"""Name -> maker, for targets, images and secret stores; the only file that knows them all.

Every maker imports what it makes when it is called, so that no cloud's SDK is loaded for another.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import LocalTarget, TargetSettings
from llmops_cli.core.diagnosis import Probe
from llmops_cli.core.image import Images
from llmops_cli.core.infrastructure import Infrastructure
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError

if TYPE_CHECKING:
    from llmops_cli.clouds.azure.account import Account
    from llmops_cli.engine.docker import Engine
    from llmops_cli.hosts.several import Hosts
    from llmops_cli.images.registry_of import Logins
    from llmops_cli.registries.oci import Registry

#: The folder of a project in which the local target keeps its releases.
STATE_FOLDER = ".llmops"
#: The folder of a project that describes the infrastructure of its targets.
INFRA_FOLDER = "infra"


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
    if isinstance(settings, HostTarget):
        return _host(config, name, settings, directory)
    return _local(name, settings, directory)


def make_images(config: Config, name: str, directory: Path, target: Target) -> Images | None:
    """Make what makes the images of a target's releases; None where it runs none."""
    settings = config.targets[name]
    if config.image.builder == "acr" and not config.image.reference:
        return _remote(config, name, directory, target) if runs_images(config, name) else None
    if isinstance(settings, AzureTarget):
        return _published(config, settings, directory, target)
    if not isinstance(settings, ComposeTarget):
        return None
    from llmops_cli.engine.docker import Engine
    from llmops_cli.images.making import images_of

    # Without a registry between them, an image must be made where it runs.
    is_published = config.image.repository is not None
    engine = Engine() if is_published else _engine_of(settings, target)
    return images_of(config, directory, engine, target.secrets, _logins(config, settings, target))


def runs_images(config: Config, name: str) -> bool:
    """Whether releases on the target of that name are containers."""
    return isinstance(config.targets[name], ComposeTarget | AzureTarget)


def make_registry(config: Config, name: str, target: Target) -> "Registry | None":
    """Make the registry of the project, with the login that a target has; None where there is none.

    Touches nothing.
    """
    from llmops_cli.images.registry_of import registry_of

    if not runs_images(config, name):
        return None
    logins = _logins(config, config.targets[name], target)
    return registry_of(config.image, target.secrets, logins)


def make_probes(config: Config, name: str, directory: Path, target: Target) -> list[Probe]:
    """Make the looks that `llmops doctor` takes at what a target needs."""
    settings = config.targets[name]
    if isinstance(settings, AzureTarget):
        return _azure_probes(config, settings, target)
    if isinstance(settings, HostTarget):
        return _host_probes(config, name, settings, directory)
    if not isinstance(settings, ComposeTarget):
        from llmops_cli.config.environment import api_environment
        from llmops_cli.targets.local.doctor import probes

        return probes(target, api_environment(config))
    from llmops_cli.engine import doctor as engines
    from llmops_cli.images import doctor as images
    from llmops_cli.targets.compose.making import stack_of

    engine = _engine_of(settings, target)
    found = [
        *engines.probes(engine),
        *images.probes(config.image, engine, target.secrets, _logins(config, settings, target)),
    ]
    return [
        *found,
        engines.port_probe(engine, settings.host, settings.port, stack_of(config, name).name),
    ]


def make_infrastructure(config: Config, name: str, directory: Path) -> Infrastructure | None:
    """Make what makes the infrastructure of a target; None where its kind stands on none.

    Raises:
        PreflightError: the project does not say what to make.
    """
    settings = config.targets[name]
    if isinstance(settings, HostTarget):
        from llmops_cli.flows import operator
        from llmops_cli.infra.host import HostInfrastructure
        from llmops_cli.secret_stores.hosts import HostStore
        from llmops_cli.targets.holding import written

        def holder(command: str) -> str:
            return written(operator.holder(command))

        hosts = _hosts(config, settings, directory)
        store = HostStore(hosts)
        return HostInfrastructure(name, config, settings, hosts, store, holder)
    if not isinstance(settings, AzureWebappTarget | AzureContainerAppTarget):
        return None
    if settings.infra is None:
        raise PreflightError(
            f"The project does not say what to make for {name}.",
            evidence=f"There is no table [targets.{name}.infra].",
            state="Nothing was changed.",
            next_step=f'Add [targets.{name}.infra] with location = "…", such as westeurope.',
        )
    from llmops_cli.infra.azure import AzureInfrastructure
    from llmops_cli.infra.azure_login import environment

    place = f"{INFRA_FOLDER}/{name}"
    folder = directory.resolve() / INFRA_FOLDER / name
    return AzureInfrastructure(name, folder, place, environment(name, settings))


def _azure_probes(config: Config, settings: AzureTarget, target: Target) -> list[Probe]:
    from llmops_cli.clouds.azure import doctor as azure
    from llmops_cli.engine import doctor as engines
    from llmops_cli.engine.docker import Engine
    from llmops_cli.images import doctor as images

    engine = Engine()
    # Where the registry builds, no engine is needed here.
    here = [] if config.image.builder == "acr" else engines.probes(engine)
    return [
        *azure.probes(_account_of(settings, target), settings.app or config.name),
        *here,
        *images.probes(config.image, engine, target.secrets, _logins(config, settings, target)),
    ]


def _logins(config: Config, settings: TargetSettings, target: Target) -> "Logins":
    """Return how to log in at registries for which the project names no user."""
    from llmops_cli.clouds.azure.account import Account
    from llmops_cli.clouds.azure.cloud import cloud_of_registry
    from llmops_cli.clouds.azure.registry_login import logins_of
    from llmops_cli.images.registry_of import stored_only

    if isinstance(settings, AzureTarget):
        return logins_of(_account_of(settings, target), is_target=True)
    cloud = cloud_of_registry((config.image.repository or "").partition("/")[0])
    if cloud is None:
        return stored_only
    account = Account(AzureTarget.model_validate({"kind": "azure", "cloud": cloud}))
    return logins_of(account, is_target=False)


def _published(config: Config, settings: AzureTarget, directory: Path, target: Target) -> Images:
    """Return what makes images that a cloud pulls: they are built here and pushed."""
    from llmops_cli.engine.docker import Engine
    from llmops_cli.images.making import images_of

    return images_of(config, directory, Engine(), target.secrets, _logins(config, settings, target))


def _account_of(settings: AzureTarget, target: Target) -> "Account":
    """Return the account of a target: one for all that asks Azure, so that tokens are shared."""
    from llmops_cli.clouds.azure.account import Account
    from llmops_cli.secret_stores.key_vault import KeyVaultStore

    store = target.secrets
    return store.account if isinstance(store, KeyVaultStore) else Account(settings)


def _remote(config: Config, name: str, directory: Path, target: Target) -> Images:
    """Return what has images built by the registry that a target on Azure pulls from."""
    from llmops_cli.clouds.azure.registry_tasks import RegistryTasks
    from llmops_cli.images.making import remote_images_of
    from llmops_cli.registries.reference import parse

    settings = config.targets[name]
    if not isinstance(settings, AzureTarget):
        raise PreflightError(
            f'[image] builder = "acr" goes with targets on Azure, and {name} is none.',
            state="Nothing was changed.",
            next_step='Set [image] builder = "docker".',
        )
    host = parse(config.image.repository or "none").host
    builder = RegistryTasks(_account_of(settings, target), host)
    logins = _logins(config, settings, target)
    return remote_images_of(config, directory, builder, target.secrets, logins)


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


def _engine_of(settings: ComposeTarget, target: Target) -> "Engine":
    """Return the engine of a target: one for all that asks it, so that one login serves them."""
    from llmops_cli.engine.docker import Engine
    from llmops_cli.secret_stores.volumes import VolumeStore

    store = target.secrets
    if isinstance(store, VolumeStore):
        return store.engine
    return Engine(host=settings.docker_host, context=settings.context)


def _host(config: Config, name: str, settings: HostTarget, directory: Path) -> Target:
    from llmops_cli.secret_stores.hosts import HostStore
    from llmops_cli.targets.host.making import make_host_target

    hosts = _hosts(config, settings, directory)
    return make_host_target(config, name, directory, hosts, HostStore(hosts))


def _host_probes(config: Config, name: str, settings: HostTarget, directory: Path) -> list[Probe]:
    from llmops_cli.hosts import doctor
    from llmops_cli.secret_stores.hosts import HostStore
    from llmops_cli.targets.host import stack_looks
    from llmops_cli.targets.host.stack_making import make_stack

    found = doctor.probes(config, name, settings, _hosts(config, settings, directory))
    # Connections of their own: these looks are taken at the same time.
    hosts = _hosts(config, settings, directory)
    stack = make_stack(config, settings, directory, hosts, HostStore(hosts))
    return [*found, *stack_looks.probes(stack)]


def _hosts(config: Config, settings: HostTarget, directory: Path) -> "Hosts":
    from llmops_cli.hosts.making import hosts_of

    return hosts_of(config, settings, directory)


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
