"""`llmops render`: what a target would use, to look at."""

from pathlib import Path

from tests.project import make_project


def test_a_target_of_processes_has_no_files(tmp_path: Path) -> None:
    project = make_project(tmp_path / "demo")
    run = project.ok("render", "--json")
    assert run.document["files"] == {}
    assert run.document["release"] == project.git("rev-parse", "HEAD")[:12]
    assert "processes" in run.err


def test_what_is_not_committed_is_not_rendered_unasked(tmp_path: Path) -> None:
    project = make_project(tmp_path / "demo")
    project.write("prompts/system.md", "Another.\n")
    assert project.llmops("render").status == 4
    assert "-dirty-" in project.ok("render", "--allow-dirty", "--json").document["release"]
