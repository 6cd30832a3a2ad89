"""Fixtures that every room shares."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pytest

from tests.project import Project, make_project

pytest_plugins = ("tests.fakes.aws.fixtures", "tests.fakes.azure.fixtures", "tests.hosts.snapshot")

#: How many variants were left out, where they were collected.
_LEFT = pytest.StashKey[int]()
#: Tests with whole servers, the longest first.
_SERVERS = ("tests/targets/host/", "tests/infra/test_host.py", "tests/hosts/")
#: Tests that mostly wait for what a fake does by and by. None has a fixture of its file.
_WAITING = ("tests/targets/azure_containerapp/", "tests/targets/azure_webapp/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run all variants of each test")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--thorough"):
        left = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
        config.stash[_LEFT] = len(left)
        config.hook.pytest_deselected(items=left)
    _order(items)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if left := config.stash.get(_LEFT, 0):
        terminalreporter.write_line(f"{left} variants of these tests: nox -s thorough")


def _order(items: list[pytest.Item]) -> None:
    """Spread the tests that wait among those that compute, so that no processor is idle.

    Those with whole servers come first: one worker gets them all, and nothing waits for it at the
    end.
    """
    servers = [item for start in _SERVERS for item in items if item.nodeid.startswith(start)]
    waiting = [item for item in items if item.nodeid.startswith(_WAITING)]
    others = [item for item in items if not item.nodeid.startswith((*_SERVERS, *_WAITING))]
    files = [list(found) for _, found in groupby(others, lambda item: item.path)]
    if files:
        items[:] = [*servers, *_spread(waiting, files)]


def _spread(
    waiting: Sequence[pytest.Item], files: Sequence[Sequence[pytest.Item]]
) -> Iterator[pytest.Item]:
    given = 0
    for number, file in enumerate(files, 1):
        yield from file
        until = len(waiting) * number // len(files)
        yield from waiting[given:until]
        given = until


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh project; whatever it started is ended."""
    made = make_project(tmp_path / "chat")
    yield made
    made.close()
