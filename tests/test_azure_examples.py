"""The examples for Azure run as they are on this machine, and their Terraform is well formed."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.load import load
from llmops_cli.flows.project_files import template_texts
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.upstreams import federation
from tests.project import Project, copy_of_example

EXAMPLES = Path(__file__).parents[1] / "examples"
KINDS = {"azure-app-service-chat": "azure", "azure-container-apps-router": "azure-containerapp"}
WORKFLOW = ".github/workflows/deploy.yml"
each = pytest.mark.parametrize("example", KINDS)
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")


@pytest.fixture
def copied(example: str, tmp_path: Path) -> Iterator[Project]:
    """A copy of the example, in a repository of its own, as its README says."""
    project = copy_of_example(EXAMPLES / example, tmp_path, r"port = \d+")
    yield project
    project.close()


@each
def test_its_workflow_tests_it_and_it_keeps_a_conversation(copied: Project, example: str) -> None:
    workflow = yaml.safe_load((copied.root / WORKFLOW).read_text())
    steps = workflow["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step and "if" not in step]
    assert commands[0].startswith("pip install")
    programs = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in commands[1:]:
        words = ["bash", "-e", "-o", "pipefail", "-c", command]
        done = subprocess.run(
            words, cwd=copied.root, env=programs, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    assert "<testsuites" in (copied.root / "smoke-test.xml").read_text()
    key = (copied.state / "secrets/LLMOPS_API_KEY/1").read_text()
    with httpx2.Client(
        base_url=copied.url, headers={"authorization": f"Bearer {key}"}, timeout=20
    ) as client:
        # As the guide that the first example is made after tells its readers to ask.
        session = client.post("/sessions").json()["session_id"]
        talk = f"/sessions/{session}/message"
        client.post(talk, content='{"message": "Hello, remember my name is Ada"}')
        answer = client.post(talk, content='{"message":"What is my name?"}').json()
        assert "Ada" in json.dumps(answer["assistant"])
        assert client.post(talk, content='{"message":"end"}').json()["ended"] is True
        assert client.post(talk, content='{"message":"Still there?"}').status_code == 404
        assert client.get("/health").json()["status"] == "ok"


@each
def test_it_is_what_init_writes_where_it_has_nothing_of_its_own(example: str) -> None:
    texts = template_texts(example, KINDS[example], "chat", 8000)
    for path in (
        ".gitignore",
        ".dockerignore",
        "prompts/system.md",
        "evals/basics.toml",
    ):
        assert (EXAMPLES / example / path).read_text() == texts[path], path
    # Its API may want more secrets, for logins.
    lines = (EXAMPLES / example / WORKFLOW).read_text().splitlines()
    more = [line for line in lines if line not in texts[WORKFLOW].splitlines()]
    assert [line for line in lines if line not in more] == texts[WORKFLOW].splitlines()
    assert all("secrets set" in line or line.lstrip().startswith("#") for line in more)


@each
def test_no_model_is_asked_with_a_key(example: str) -> None:
    config = load(EXAMPLES / example)
    assert {upstream.credential for upstream in config.api.upstreams} <= {"entra", "google"}
    assert isinstance(config.targets["azure"], AzureTarget)
    assert config.targets["azure"].kind == KINDS[example]


def test_what_google_is_told_can_be_read_and_names_the_applications_audience() -> None:
    folder = EXAMPLES / "azure-container-apps-router"
    environment = Environment({})
    document = federation.read(environment, "place", str(folder / "google.json"))
    assert document is not None, environment.problems
    # What Terraform writes in its place has the same keys.
    written = (folder / "infra/azure/google.tf").read_text()
    source = document["credential_source"]
    keys = {*document, *source, *source["format"], *source["headers"]}
    assert not [key for key in keys if not re.search(rf"\b{key} *=", written)]
    assert "-google" in source["url"]


@each
@needs_terraform
def test_its_terraform_is_formatted(example: str) -> None:
    command = ["terraform", "fmt", "-check", "-diff", "-recursive", str(EXAMPLES / example)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
