"""Fixtures that every room shares."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project, make_project

pytest_plugins = ("tests.fakes.azure.fixtures",)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh project; whatever it started is ended."""
    made = make_project(tmp_path / "chat")
    yield made
    made.close()
