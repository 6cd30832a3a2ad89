"""A command that is run by a fork is as one that is run by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.commands import IS_POSSIBLE, Commands, can_fork
from tests.project import Project, make_project

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="Forking is not safe on this system.")


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    """What forks."""
    made = Commands()
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that nothing is done with."""
    return make_project(tmp_path / "chat", target="keep = 7")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["status", "--json"],
        ["deploy", "--no-such-option"],
        ["status", "-t", "nowhere"],
        ["secrets", "list"],
        ["render", "--help"],
    ],
)
def test_it_ends_and_says_the_same(
    commands: Commands, project: Project, arguments: list[str]
) -> None:
    by_itself = project.by_itself(*arguments)
    forked = commands.run(["-C", str(project.root), *arguments], project.variables())
    assert forked == by_itself


def test_its_environment_is_its_own(commands: Commands, project: Project) -> None:
    arguments = ["-C", str(project.root), "deploy", "--dry-run"]
    project.environment["PATH"] = str(project.root / "without-git")
    without_git = commands.run(arguments, project.variables())
    assert without_git == project.by_itself("deploy", "--dry-run")
    del project.environment["PATH"]
    with_git = commands.run(arguments, project.variables())
    assert (without_git.status, with_git.status) == (4, 0)


def test_it_reads_what_it_is_given(commands: Commands, project: Project) -> None:
    where = ["-C", str(project.root), "secrets"]
    variables = project.variables()
    value = "a-value-of-some-length-7c1e"
    assert commands.run([*where, "set", "OTHER_KEY"], variables, input=value).status == 0
    kept = project.state / "secrets" / "OTHER_KEY"
    assert (kept / "1").read_text().strip() == value


def test_several_run_at_once(commands: Commands, project: Project) -> None:
    where = ["-C", str(project.root), "secrets", "list", "--json"]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: commands.run(where, project.variables()), range(8)))
    assert {run.status for run in runs} == {0}
    assert len({run.out for run in runs}) == 1


def test_what_the_interpreter_reads_when_it_starts_is_for_a_program_of_its_own(
    project: Project,
) -> None:
    assert can_fork(project.variables())
    project.environment["PYTHONWARNINGS"] = "error"
    assert not can_fork(project.variables())
