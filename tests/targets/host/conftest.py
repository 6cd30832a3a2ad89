"""A server that serves, and a project that deploys to it, for the tests of a file to share."""

from collections.abc import Iterator

import pytest

from tests.hosts.host_project import HostProject
from tests.hosts.machines import machines


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProject]:
    """A project with a live release; the tests of a file leave it serving."""
    folder = tmp_path_factory.mktemp("host")
    with machines(folder / "ssh", bootstrapped=True) as fleet:
        project = fleet.project(folder / "chat")
        project.ok("deploy")
        yield project
