"""A fake Cloud Run, and a project that deploys to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.gcp.address import Address
from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.registry import Registry
from tests.fakes.processes import Processes
from tests.targets.gcp_run.stage import Seed, Stage


@pytest.fixture
def stage_of(gcp: GcpCloud, tmp_path: Path) -> Callable[..., Stage]:
    """Make a project; keywords are those of `Stage.new`."""
    return lambda **lines: Stage.new(gcp, tmp_path / "demo", **lines)


@pytest.fixture
def empty(stage_of: Callable[..., Stage]) -> Stage:
    """A project that nothing was deployed of yet, and no service."""
    return stage_of()


@pytest.fixture(scope="session")
def run_seed(
    gcp_address: Address,
    gcp_processes: Processes,
    gcp_registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seed:
    """A service with two releases, of which the second is live, and a third one committed."""
    with GcpCloud(address=gcp_address, processes=gcp_processes, registry=gcp_registry) as cloud:
        stage = Stage.new(cloud, tmp_path_factory.mktemp("seed") / "demo")
        stage.project.ok("deploy")
        stage.project.change("Second.")
        stage.project.ok("deploy")
        stage.project.change("Third.")
        assert cloud.violations == []
        return Seed.of(stage)


@pytest.fixture
def live(run_seed: Seed, gcp: GcpCloud, tmp_path: Path) -> Stage:
    """A copy of that service, with nobody else at it."""
    return run_seed.copy(tmp_path / "demo", gcp)
