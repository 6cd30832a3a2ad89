"""`llmops build` as people and CI jobs run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import BASE, needs_engine
from tests.images.building import Making, docker, making

pytestmark = needs_engine


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Making]:
    with making(tmp_path / "chat") as found:
        yield found


def test_build_tells_how_it_goes_and_what_came_of_it(made: Making) -> None:
    run = made.project.ok("build")
    release = made.release
    identity = docker("image", "inspect", "-f", "{{.Id}}", made.images.name_of(release))
    assert f"Built {made.images.name_of(release)}" in run.said
    assert identity in run.said
    document = json.loads(made.project.ok("--json", "build").out)
    assert document["id"] == document["pin"] == identity
    assert document["name"].endswith(f":{release.id}")


def test_build_wants_everything_committed(made: Making) -> None:
    made.project.write("prompts/system.md", "Not committed.\n")
    run = made.project.llmops("build")
    assert run.status == 4
    assert "prompts/system.md" in run.err
    allowed = made.project.ok("--json", "build", "--allow-dirty").document
    assert "-dirty-" in allowed["name"]


def test_a_build_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with making(tmp_path / "chat", image='dockerfile = "Dockerfile"') as made:
        made.project.write("Dockerfile", f"FROM {BASE}\nRUN echo it-broke-here && exit 3\n")
        made.project.commit("Break the build")
        run = made.project.llmops("build")
        assert run.status == 7
        assert "The image could not be built." in run.err
        assert "it-broke-here" in run.err
        assert "Traceback" not in run.said


def test_without_an_engine_nothing_is_tried(made: Making) -> None:
    made.project.environment["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    run = made.project.llmops("build")
    assert run.status == 4
    assert "No Docker engine answers." in run.err


def test_a_target_that_runs_no_images_is_told(made: Making) -> None:
    text = (made.project.root / "llmops.toml").read_text()
    made.project.write("llmops.toml", text + "[targets.local]\n")
    made.project.commit("Run here, too")
    run = made.project.llmops("build", "-t", "local")
    assert run.status == 4
    assert "runs no images" in run.err
