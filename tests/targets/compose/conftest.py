"""A stack for each test, and one that the tests of a file share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets.compose.stack_project import StackProject, stack_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[StackProject]:
    """A fresh project with nothing deployed."""
    with stack_project(tmp_path / "chat") as made:
        yield made


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProject]:
    """A project that serves; the tests of a file leave it serving."""
    with stack_project(tmp_path_factory.mktemp("stack") / "chat") as made:
        made.ok("deploy")
        yield made
