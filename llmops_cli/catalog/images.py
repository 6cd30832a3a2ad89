"""What makes the images of a target's releases, and the registry that they are in."""

from pathlib import Path
from typing import TYPE_CHECKING

from llmops_cli.catalog.accounts import azure_account, engine_of
from llmops_cli.catalog.logins import logins_for
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.model import Config
from llmops_cli.core.image import Images
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError

if TYPE_CHECKING:
    from llmops_cli.registries.oci import Registry

#: Those whose images a cloud pulls from a registry.
_PULLING = (AzureTarget, AwsTarget, GcpTarget)


def make_images(config: Config, name: str, directory: Path, target: Target) -> Images | None:
    """Make what makes the images of a target's releases; None where it runs none."""
    settings = config.targets[name]
    if not runs_images(config, name):
        return None
    if config.image.builder == "acr" and not config.image.reference:
        return _remote(config, name, directory, target)
    from llmops_cli.engine.docker import Engine
    from llmops_cli.images.making import images_of

    # Without a registry between them, an image must be made where it runs.
    is_here = isinstance(settings, _PULLING) or config.image.repository is not None
    engine = Engine() if is_here else engine_of(_compose(settings), target)
    logins = logins_for(config, settings, target)
    return images_of(config, directory, engine, target.secrets, logins)


def runs_images(config: Config, name: str) -> bool:
    """Whether releases on the target of that name are containers."""
    return isinstance(config.targets[name], (ComposeTarget, *_PULLING))


def make_registry(config: Config, name: str, target: Target) -> "Registry | None":
    """Make the registry of the project, with the login that a target has; None where there is none.

    Touches nothing.
    """
    from llmops_cli.images.registry_of import registry_of

    if not runs_images(config, name):
        return None
    logins = logins_for(config, config.targets[name], target)
    return registry_of(config.image, target.secrets, logins)


def _compose(settings: object) -> ComposeTarget:
    assert isinstance(settings, ComposeTarget)
    return settings


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
    builder = RegistryTasks(azure_account(settings, target), host)
    logins = logins_for(config, settings, target)
    return remote_images_of(config, directory, builder, target.secrets, logins)
