"""A service on fake ECS, and a project that deploys to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.place import Place
from tests.fakes.processes import Processes
from tests.targets.aws_ecs.stage import Seed, Stage


@pytest.fixture
def stage_of(aws: AwsCloud, tmp_path: Path) -> Callable[..., Stage]:
    """Make a service and a project; keywords are those of `Stage.new`."""
    return lambda **options: Stage.new(aws, tmp_path / "demo", **options)


@pytest.fixture
def empty(stage_of: Callable[..., Stage]) -> Stage:
    """A service as Terraform makes it, that nothing was deployed to yet."""
    return stage_of()


@pytest.fixture
def rolling(stage_of: Callable[..., Stage]) -> Stage:
    """A service without a test listener, that nothing was deployed to yet."""
    return stage_of(is_rolling=True)


@pytest.fixture(scope="session")
def seed(
    aws_place: Place, aws_processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> Seed:
    """A service with two releases, of which the second is live, and a third one committed."""
    with AwsCloud(place=aws_place, processes=aws_processes) as cloud:
        stage = Stage.new(cloud, tmp_path_factory.mktemp("seed") / "demo")
        stage.project.ok("deploy")
        stage.project.change("Second.")
        stage.project.ok("deploy")
        stage.project.change("Third.")
        assert cloud.violations == []
        return Seed.of(stage)


@pytest.fixture
def live(seed: Seed, aws: AwsCloud, tmp_path: Path) -> Stage:
    """A copy of that service, with nobody else at it."""
    return seed.copy(tmp_path / "demo", aws)
