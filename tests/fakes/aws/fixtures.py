"""Fixtures of the fake AWS: a place and processes for the session, a cloud for each test.

What they use is imported when they are, so that other tests do not load it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.aws.cloud import AwsCloud
    from tests.fakes.aws.place import Place
    from tests.fakes.aws.project import AwsProject
    from tests.fakes.processes import Processes

MakeAwsProject = Callable[..., "AwsProject"]


@pytest.fixture(scope="session")
def aws_place() -> "Iterator[Place]":
    """Where AWS is in all tests."""
    from tests.fakes.aws.place import Place

    place = Place()
    yield place
    place.close()


@pytest.fixture(scope="session")
def aws_processes() -> "Iterator[Processes]":
    """Processes of the API, which containers of all tests share."""
    from tests.fakes.processes import Processes

    processes = Processes()
    yield processes
    processes.close()


@pytest.fixture
def aws(aws_place: "Place", aws_processes: "Processes") -> "Iterator[AwsCloud]":
    """An empty AWS. At the end of the test, nobody may have broken its contract."""
    from tests.fakes.aws.cloud import AwsCloud

    with AwsCloud(place=aws_place, processes=aws_processes) as cloud:
        yield cloud
    assert cloud.violations == []


@pytest.fixture
def aws_project(tmp_path: "Path", aws: "AwsCloud") -> MakeAwsProject:
    """What makes a project: ``aws_project(target="max_tasks = 4")``.

    The key of the API is in Secrets Manager, and what Terraform makes is there.
    """
    from tests.fakes.aws.project import make_aws_project
    from tests.project import API_KEY

    aws.secrets.put("demo/LLMOPS_API_KEY", API_KEY)
    aws.make_bucket()
    aws.scaling.seed()

    def make(**lines: str) -> "AwsProject":
        return make_aws_project(tmp_path / "chat", aws, **lines)

    return make
