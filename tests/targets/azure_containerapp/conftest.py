"""An app on fake Container Apps, with a vault and a registry, and a project that deploys to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.azure.address import Address
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.registry import Registry
from tests.fakes.processes import Processes
from tests.targets.azure_containerapp.stage import Seed, Stage


@pytest.fixture
def stage_of(azure: AzureCloud, azure_registry: Registry, tmp_path: Path) -> Callable[..., Stage]:
    """Make an app and a project; keywords are those of `Stage.new`."""
    return lambda **of_app: Stage.new(azure, azure_registry, tmp_path / "demo", **of_app)


@pytest.fixture
def empty(stage_of: Callable[..., Stage]) -> Stage:
    """An app as Terraform makes it, that nothing was deployed to yet."""
    return stage_of()


@pytest.fixture(scope="session")
def seed(
    azure_address: Address,
    azure_processes: Processes,
    azure_registry_address: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seed:
    """An app with two releases, of which the second is live, and a third one committed."""
    with AzureCloud(address=azure_address, processes=azure_processes) as cloud:
        azure_registry_address.renew(cloud.entra)
        stage = Stage.new(cloud, azure_registry_address, tmp_path_factory.mktemp("seed") / "demo")
        stage.project.ok("deploy")
        stage.project.change("Second.")
        stage.project.ok("deploy")
        stage.project.change("Third.")
        assert cloud.violations == []
        return Seed.of(stage)


@pytest.fixture
def live(seed: Seed, azure: AzureCloud, azure_registry: Registry, tmp_path: Path) -> Stage:
    """A copy of that app, with nobody else at it."""
    return seed.copy(tmp_path / "demo", azure, azure_registry)
