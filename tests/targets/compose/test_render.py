"""`llmops render` shows all that a stack is made of, as compose reads it, and no secret."""

import secrets
import subprocess
from pathlib import Path

import pytest

from tests.engines import needs_compose
from tests.project import Project
from tests.targets.compose.running_stack import docker

pytestmark = [needs_compose]

FILES = {
    "compose.yaml",
    "gateway/haproxy.cfg",
    "gateway/releases.map",
    "grafana/dashboards/llmops.json",
    "grafana/provisioning/dashboards/llmops.yml",
    "grafana/provisioning/datasources/prometheus.yml",
    "image/Dockerfile",
    "image/requirements.txt",
    "litellm/litellm.yaml",
    "prometheus/prometheus.yml",
}
VALUE = "value-0f6e1b7c9d2a4835-of-a-provider"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of the profile `production`, as `init` writes it; nothing of it runs."""
    name = f"llmops-test-{secrets.token_hex(4)}"
    made = Project(tmp_path, 0)
    made.ok("init", "--template", "production", "--name", name)
    return made


def test_all_files_are_written_and_compose_accepts_them(project: Project, tmp_path: Path) -> None:
    folder = tmp_path.with_name("rendered")
    project.ok("render", "--output", str(folder))
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    assert {path for path, file in files.items() if file.is_file()} == FILES
    told = subprocess.run(
        ["docker", "compose", "--file", str(folder / "compose.yaml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert not any("latest" in file.read_text() for file in files.values() if file.is_file())


def test_no_secret_is_in_them_and_their_versions_are(project: Project) -> None:
    name = f"{project.git('log', '-1', '--format=%s').removeprefix('Create ')}-compose"
    try:
        project.ok("secrets", "set", "GROQ_API_KEY", input=VALUE)
        run = project.ok("render")
    finally:
        volumes = docker("volume", "ls", "--quiet", "--filter", f"name={name}_").split()
        docker("volume", "rm", *volumes)
    assert VALUE not in run.said
    assert f"{name}_secret_GROQ_API_KEY_" in run.out
    assert f"{name}_secret_GROQ_API_KEY_0" not in run.out


def test_what_is_shown_is_what_is_written(project: Project) -> None:
    document = project.ok("render", "--json").document
    assert set(document["files"]) == FILES
    assert (
        document["files"]["litellm/litellm.yaml"]
        == project.root.joinpath("litellm.yaml").read_text()
    )
