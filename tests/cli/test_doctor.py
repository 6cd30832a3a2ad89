"""`llmops doctor` says what is wrong, in one line with the fix, and nothing of any secret."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from llmops_cli.flows.project_files import template_texts
from tests.project import LLMOPS, SECONDS, Project, Run

KEY_IN_NAME = f"sk-proj-{'a1B2' * 12}"


def doctor(folder: Path, *arguments: str, path: str | None = None, **variables: str) -> Run:
    """Run it in a folder, with another PATH and further variables where they are given."""
    environment = {**os.environ, **variables, **({"PATH": path} if path is not None else {})}
    done = subprocess.run(
        [*LLMOPS, "-C", str(folder), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def line(run: Run, subject: str) -> str:
    """The one line of a subject."""
    [found] = [each for each in run.out.splitlines() if each[9:].startswith(subject)]
    return found


def tool_only(tmp_path: Path, *names: str) -> str:
    """A PATH with these programs and no other."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


def test_a_project_that_is_well_ends_with_0(project: Project) -> None:
    project.write(".gitignore", ".llmops/\n.env\n")
    project.commit()
    run = doctor(project.root, "doctor")
    assert run.status == 0, run.said
    assert "problem" not in run.out
    assert line(run, "repository").startswith("ok")
    assert line(run, "local secrets").startswith("ok")
    assert line(run, "llmops ").startswith("ok")


def test_every_finding_has_its_words_in_json_too(project: Project) -> None:
    (project.state / "secrets" / "LLMOPS_API_KEY" / "1").write_text("changeme")
    run = doctor(project.root, "doctor", "--json")
    assert run.status == 4
    assert run.document["problems"] == 1
    assert run.document["error"]["code"] == "preflight"
    [found] = [each for each in run.document["findings"] if each["health"] == "problem"]
    assert found["subject"] == "local secrets"
    assert found["text"] == "LLMOPS_API_KEY holds a placeholder"
    assert found["fix"] == "llmops secrets set LLMOPS_API_KEY -t local --generate"
    assert "changeme" not in run.said


def test_a_missing_secret_is_a_problem(project: Project) -> None:
    shutil.rmtree(project.state / "secrets")
    run = doctor(project.root, "doctor")
    assert run.status == 4
    assert "LLMOPS_API_KEY has no value → llmops secrets set" in line(run, "local secrets")


@pytest.mark.parametrize(
    "path",
    [".env", "deploy/.env.production", "infra/terraform.tfstate", ".terraform/x", "tls/site.key"],
)
def test_a_file_that_git_should_not_track_is_a_problem(project: Project, path: str) -> None:
    project.write(path, "x\n")
    project.git("add", "-f", path)
    project.git("commit", "-q", "-m", "Oops")
    run = doctor(project.root, "doctor")
    assert run.status == 4
    found = line(run, "tracked files")
    assert found.startswith("problem")
    assert f"git rm --cached {path}" in found


def test_samples_of_such_files_are_none(project: Project) -> None:
    for path in (".env.example", ".env.sample", "prod.env.template", ".llmops/.gitignore"):
        project.write(path, "x\n")
        project.git("add", "-f", path)
    project.git("commit", "-q", "-m", "Samples")
    assert line(doctor(project.root, "doctor"), "tracked files").startswith("ok")


def test_ignore_files_that_forget_the_environment_are_warned_of(project: Project) -> None:
    project.write(".dockerignore", ".git\n")
    run = doctor(project.root, "doctor")
    warned = [each for each in run.out.splitlines() if "ignored files" in each]
    assert [each.split()[0] for each in warned] == ["warning", "warning"]
    for name in (".gitignore", ".dockerignore"):
        [found] = [each for each in warned if f">> {name}" in each]
        fix = found.partition("→ ")[2]
        subprocess.run(["sh", "-c", fix], cwd=project.root, check=True)
    assert line(doctor(project.root, "doctor"), "ignored files").startswith("ok")


def test_changes_that_no_commit_has_are_a_warning(project: Project) -> None:
    project.write("prompts/system.md", "Changed.\n")
    assert line(doctor(project.root, "doctor"), "repository").startswith("warning")


def test_a_port_that_somebody_else_has_is_a_problem(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        run = doctor(project.root, "doctor")
    assert run.status == 4
    assert f"127.0.0.1:{project.port} cannot be listened on" in line(run, "local  ")


def test_the_port_of_a_release_that_serves_is_ours(project: Project) -> None:
    project.ok("deploy")
    assert line(doctor(project.root, "doctor"), "local  ").startswith("ok")


def test_it_works_in_an_empty_folder_without_any_program(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run = doctor(empty, "doctor", path=tool_only(tmp_path))
    assert run.status == 4
    assert "Traceback" not in run.said
    assert "apt-get install git" in line(run, "git ")
    assert "llmops init" in line(run, "project file")


def test_an_invalid_project_file_is_a_problem_and_holds_back_nothing_else(
    project: Project,
) -> None:
    project.write("llmops.toml", f'name = "demo"\nkey = "{KEY_IN_NAME}"\n')
    run = doctor(project.root, "doctor")
    assert run.status == 4
    assert line(run, "project file").startswith("problem")
    assert line(run, "repository").startswith("warning")
    assert KEY_IN_NAME[8:16] not in run.said


def test_a_commit_whose_words_look_like_a_key_is_not_repeated(project: Project) -> None:
    project.commit(f"Add {KEY_IN_NAME}")
    run = doctor(project.root, "doctor")
    assert "[secret]" in line(run, "repository")
    assert KEY_IN_NAME not in run.said


def test_a_target_that_is_not_there_is_told_as_everywhere(project: Project) -> None:
    run = doctor(project.root, "doctor", "-t", "nowhere", "--json")
    assert run.status == 3
    assert json.loads(run.out)["error"]["code"] == "config"


def test_what_litellm_is_to_serve_is_looked_at_before_a_deploy(project: Project) -> None:
    for name, text in template_texts("gateway", "compose", "litellm-proxy", 8000).items():
        project.write(name, text)
    project.commit()
    assert "serves gpt-4o" in line(doctor(project.root, "doctor"), "compose litellm.yaml")
    project.write("litellm.yaml", "model_list: []\n")
    project.commit()
    run = doctor(project.root, "doctor")
    assert run.status == 4
    assert line(run, "compose litellm.yaml").startswith("problem")
    assert "nothing would be served" in line(run, "compose litellm.yaml")
