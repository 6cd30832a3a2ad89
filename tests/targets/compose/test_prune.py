"""`llmops prune` with a real registry and releases that a real engine runs."""

import os
from collections.abc import Iterator

import pytest

from tests.engines import needs_compose, needs_registry
from tests.registries import servers
from tests.registries.servers import RunningRegistry
from tests.targets.compose.stack_project import StackProject, stack_project

pytestmark = [needs_compose, needs_registry, pytest.mark.timeout(300)]
OLD = "2020-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("registry"), deletes=True) as running:
        yield running


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, registry: RunningRegistry
) -> Iterator[StackProject]:
    """A project with four deployed releases, some of them still kept, all of an old date."""
    folder = tmp_path_factory.mktemp("stack") / "chat"
    with stack_project(folder, target="keep = 1") as made:
        image = f'[image]\nrepository = "{registry.host}/team/chat"\n'
        made.write("llmops.toml", (made.root / "llmops.toml").read_text() + image)
        for variable in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            os.environ[variable] = OLD
        try:
            releases = [made.commit("One"), *map(made.change, ("Two.", "Three.", "Four."))]
        finally:
            del os.environ["GIT_AUTHOR_DATE"], os.environ["GIT_COMMITTER_DATE"]
        for release in releases:
            made.git("checkout", "-q", release)
            made.ok("deploy")
        yield made


def test_what_can_be_gone_back_to_stays_and_a_rollback_finds_it(
    project: StackProject, registry: RunningRegistry
) -> None:
    before = registry.tags("team/chat")
    kept = {release["id"] for release in project.ok("releases", "--json").document["releases"]}
    assert len(before) == 4
    assert kept < set(before)

    shown = project.ok("prune", "--dry-run")
    assert "unneeded" in shown.out
    assert "next: llmops prune" in shown.out
    asked = project.llmops("prune")
    assert asked.status == 2, asked.said
    assert "llmops prune --yes" in asked.err
    assert registry.tags("team/chat") == before

    images = project.ok("prune", "--yes", "--json").document["images"]
    verdicts = {image["tags"][0]: image["verdict"] for image in images}
    assert verdicts == {tag: "kept" if tag in kept else "deleted" for tag in before}
    assert set(registry.tags("team/chat")) == kept
    project.ok("rollback")
    assert project.serving() in kept
    assert "unneeded" not in project.ok("prune").out


def test_an_engine_that_does_not_answer_stops_everything(
    project: StackProject, registry: RunningRegistry
) -> None:
    before = registry.tags("team/chat")
    project.environment["DOCKER_HOST"] = "tcp://127.0.0.1:1"
    try:
        run = project.llmops("prune", "--yes", "--older-than", "0")
    finally:
        del project.environment["DOCKER_HOST"]
    assert run.status == 4, run.said
    assert "The target compose cannot be read" in run.err
    assert "Nothing was deleted." in run.err
    assert registry.tags("team/chat") == before


def test_a_project_without_a_registry_has_nothing_to_delete_from(project: StackProject) -> None:
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", text.partition("[image]")[0])
    try:
        run = project.llmops("prune", "--yes")
    finally:
        project.write("llmops.toml", text)
    assert run.status == 4, run.said
    assert "no registry" in run.err
