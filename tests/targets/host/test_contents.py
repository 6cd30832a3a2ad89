"""What a release consists of: the same for the same commit, and nothing that it does not need."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmops_cli.config.load import load
from llmops_cli.contents.requirements import parse
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.source import open_source
from llmops_cli.targets.host.contents import Contents, collected
from tests.project import Project, make_project

_OWN = "--hash=sha256:" + "0" * 64


def release_of(project: Project) -> Release:
    commit = open_source(project.root).commit()
    return Release("r", commit.sha, commit.tree, commit.committed_at, "")


def contents_of(project: Project) -> Contents:
    with collected(load(project.root), project.root, release_of(project)) as found:
        return found


def requirements_of(project: Project) -> list[str]:
    with collected(load(project.root), project.root, release_of(project)) as found:
        return [found.objects[found.files[path]].read_text() for path in found.requirements]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "chat")


def test_the_same_commit_is_the_same_and_a_new_prompt_is_one_new_file(project: Project) -> None:
    before = contents_of(project)
    assert contents_of(project).manifest() == before.manifest()
    project.change("Be kind.")
    after = contents_of(project)
    changed = {path for path in after.files if after.files[path] != before.files.get(path)}
    assert changed == {"app/prompts/system.md"}
    assert after.requirements == before.requirements


def test_it_holds_the_api_and_the_projects_files_and_no_secret_of_them(project: Project) -> None:
    project.write(".env", "KEY=secret")
    project.write("notes/README.md", "x")
    project.write("deploy/.aws/credentials", "x")
    project.git("add", "-A", "-f")
    project.git("commit", "-q", "-m", "More")
    found = set(contents_of(project).files)
    assert {"app/prompts/system.md", "code/llmops_cli/serve/__main__.py"} <= found
    assert "app/notes/README.md" in found
    assert not [path for path in found if ".env" in path or ".aws" in path or ".git" in path]
    # Of this package only what serves.
    assert "code/llmops_cli/errors.py" not in found


def test_programs_and_links_stay_what_they_are(project: Project) -> None:
    project.write("run.sh", "#!/bin/sh\n")
    (project.root / "run.sh").chmod(0o755)
    project.write("same.sh", "#!/bin/sh\n")
    (project.root / "current").symlink_to("run.sh")
    project.commit()
    found = contents_of(project)
    assert found.files["app/run.sh"] == found.files["app/same.sh"] + "x"
    assert found.links == {"app/current": "run.sh"}
    assert ("app/current", {"link": "run.sh"}) in found.manifest()


def test_packages_are_pinned_by_hashes_also_the_projects_own(project: Project) -> None:
    [ours] = requirements_of(project)
    assert {"fastapi", "uvicorn"} <= {one.pin.partition("==")[0] for one in parse(ours)}
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", f'{text}\n[image]\nrequirements = "own.txt"\n')
    project.write("own.txt", f"left-pad==1.0 {_OWN}\n")
    project.commit()
    assert requirements_of(project) == [ours, f"left-pad==1.0 {_OWN}"]
    project.write("own.txt", "left-pad>=1.0\n")
    project.commit()
    with pytest.raises(PreflightError, match="without an exact version"):
        contents_of(project)


def test_a_commit_that_is_not_here_is_told_as_such(project: Project) -> None:
    elsewhere = replace(release_of(project), tree="0" * 40)
    with (
        pytest.raises(PreflightError, match="not in this repository") as caught,
        collected(load(project.root), project.root, elsewhere),
    ):
        pass
    assert caught.value.next_step.startswith("git fetch")


def test_a_file_that_the_project_names_and_leaves_out_is_told_before_anything_is_sent(
    project: Project,
) -> None:
    project.write(".dockerignore", "prompts\n")
    project.commit()
    with pytest.raises(PreflightError, match=r"prompts/system\.md"):
        contents_of(project)
