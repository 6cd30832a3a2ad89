"""The examples for Azure run as they are on this machine, and their Terraform is well formed."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.load import load
from llmops_cli.flows.project_files import template_texts
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.upstreams import federation
from tests.project import API_KEY, Project, free_port

EXAMPLES = Path(__file__).parents[1] / "examples"
KINDS = {"azure-app-service-chat": "azure", "azure-container-apps-router": "azure-containerapp"}
each = pytest.mark.parametrize("example", KINDS)
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")


@pytest.fixture
def copied(example: str, tmp_path: Path) -> Iterator[Project]:
    """A copy of the example, in a repository of its own, as its README says."""
    root = tmp_path / example
    shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns(".llmops"))
    project = Project(root, free_port())
    text = (root / "llmops.toml").read_text()
    project.write("llmops.toml", re.sub(r"port = \d+", f"port = {project.port}", text, count=1))
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.commit("First commit")
    yield project
    project.close()


@each
def test_it_runs_on_this_machine_and_keeps_a_conversation(copied: Project, example: str) -> None:
    copied.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
    if load(copied.root).api.auth == "jwt":
        copied.ok("secrets", "set", "JWT_SECRET_KEY", "--generate")
        hashed = copied.ok("keys", "hash-password", input="a good password of mine\n").out
        copied.ok("secrets", "set", "AUTH_ADMIN_HASH", input=hashed)
    copied.ok("deploy")
    with httpx2.Client(
        base_url=copied.url, headers={"authorization": f"Bearer {API_KEY}"}, timeout=20
    ) as client:
        # As the guide that the first example is made after tells its readers to ask.
        session = client.post("/sessions").json()["session_id"]
        talk = f"/sessions/{session}/message"
        client.post(talk, content='{"message": "Hello, remember my name is Ali"}')
        answer = client.post(talk, content='{"message":"What is my name?"}').json()
        assert "Ali" in json.dumps(answer["assistant"])
        assert client.post(talk, content='{"message":"end"}').json()["ended"] is True
        assert client.post(talk, content='{"message":"Still there?"}').status_code == 404
        assert client.get("/health").json()["status"] == "ok"
    copied.ok("smoke-test")


@each
def test_it_is_what_init_writes_where_it_has_nothing_of_its_own(example: str) -> None:
    texts = template_texts(example, KINDS[example], "chat", 8000)
    for path in (
        ".gitignore",
        ".dockerignore",
        ".github/workflows/deploy.yml",
        "prompts/system.md",
        "evals/basics.toml",
    ):
        assert (EXAMPLES / example / path).read_text() == texts[path], path


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
