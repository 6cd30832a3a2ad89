"""Which way a project comes by its images."""

from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.core.image import Images
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.packages import require_packages
from llmops_cli.errors import PreflightError
from llmops_cli.images.embedded import Embedded
from llmops_cli.images.own_dockerfile import OwnDockerfile
from llmops_cli.images.project_images import ProjectImages
from llmops_cli.images.ready_made import ReadyMade
from llmops_cli.images.registry_of import Logins, registry_of, stored_only
from llmops_cli.images.remote_images import RemoteBuilder, RemoteImages
from llmops_cli.source import open_source


def images_of(
    config: Config,
    directory: Path,
    engine: Engine,
    secrets: SecretStore,
    logins: Logins = stored_only,
) -> Images:
    """Return what makes the images of the project in ``directory`` on an engine.

    ``secrets`` may keep the password of the registry; ``logins`` knows how to log in without one.

    Raises:
        ConfigError: the repository is not one.
        PreflightError: the folder is in no git repository, or packages are missing.
    """
    require_packages()
    settings = config.image
    if settings.builder == "podman":
        # It knows neither the hosts nor the contexts of Docker.
        engine = Engine(program="podman")
    if settings.reference:
        return ReadyMade(settings.reference, settings.platform, engine)
    source = open_source(directory)
    dockerfile = settings.dockerfile
    contents = OwnDockerfile(dockerfile, source) if dockerfile else Embedded(config, source)
    registry = registry_of(settings, secrets, logins)
    return ProjectImages(config, source, contents, engine, registry, secrets)


def remote_images_of(
    config: Config, directory: Path, builder: RemoteBuilder, secrets: SecretStore, logins: Logins
) -> Images:
    """Return what has the images of the project made by its registry. No engine is needed.

    Raises:
        ConfigError: the repository is not one.
        PreflightError: there is none, the folder is in no git repository, or packages are missing.
    """
    require_packages()
    settings = config.image
    registry = registry_of(settings, secrets, logins)
    if registry is None:
        raise PreflightError(
            'There is no registry to build in: [image] has builder = "acr" and no repository.',
            state="Nothing was changed.",
            next_step="llmops infra apply, or set [image] repository, and commit.",
        )
    source = open_source(directory)
    dockerfile = settings.dockerfile
    contents = OwnDockerfile(dockerfile, source) if dockerfile else Embedded(config, source)
    return RemoteImages(config, source, contents, registry, builder, secrets)
