"""The workflows that `init` writes and those of the examples: linters of others find nothing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_cli.flows.project_files import template_texts

WORKFLOW = ".github/workflows/deploy.yml"
#: Every workflow that there is: kind of target and template, or the folder of an example.
WRITTEN = [
    ("local", "chat"),
    ("compose", "chat"),
    ("azure", "chat"),
    ("azure", "router"),
    ("azure-containerapp", "chat"),
    ("azure-containerapp", "router"),
]
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob(f"*/{WORKFLOW}"))


def program(name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


ZIZMOR, ACTIONLINT = program("zizmor"), program("actionlint")
needs_zizmor = pytest.mark.skipif(ZIZMOR is None, reason="needs zizmor")
needs_actionlint = pytest.mark.skipif(ACTIONLINT is None, reason="needs actionlint")


def lint(*command: str | None) -> "subprocess.CompletedProcess[str]":
    words = [word for word in command if word is not None]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def zizmor(file: Path) -> "subprocess.CompletedProcess[str]":
    return lint(ZIZMOR, "--offline", "--quiet", "--persona=auditor", "--no-config", str(file))


@pytest.fixture(
    params=[*WRITTEN, *EXAMPLES],
    ids=lambda each: each.parts[-4] if isinstance(each, Path) else "-".join(each),
)
def workflow(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with the workflow where GitHub expects it."""
    file = tmp_path / WORKFLOW
    file.parent.mkdir(parents=True)
    if isinstance(request.param, Path):
        file.write_text(request.param.read_text())
    else:
        file.write_text(template_texts("chat", *request.param, 8000)[WORKFLOW])
    return file


def jobs(workflow: Path) -> dict[str, Any]:
    return yaml.safe_load(workflow.read_text())["jobs"]


@needs_zizmor
def test_zizmor_finds_nothing(workflow: Path) -> None:
    done = zizmor(workflow)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_zizmor
def test_zizmor_would_find_an_action_that_can_be_moved(workflow: Path) -> None:
    workflow.write_text(re.sub(r"@[0-9a-f]{40} # ", "@", workflow.read_text(), count=1))
    assert "unpinned-uses" in zizmor(workflow).stdout


@needs_actionlint
def test_actionlint_finds_nothing(workflow: Path) -> None:
    done = lint(ACTIONLINT, "-no-color", str(workflow))
    assert done.returncode == 0, done.stdout + done.stderr
    workflow.write_text(workflow.read_text().replace("runs-on:", "run-on:", 1))
    assert lint(ACTIONLINT, "-no-color", str(workflow)).returncode == 1


def test_it_follows_the_schema_of_github(workflow: Path) -> None:
    words = ("-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows")
    done = lint(sys.executable, *words, str(workflow))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_and_no_expression_is_in_a_script(workflow: Path) -> None:
    steps = [step for job in jobs(workflow).values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in used)
    assert not [step for step in steps if "${{" in step.get("run", "")]


def test_only_the_job_that_deploys_to_azure_gets_a_token_and_it_is_protected(
    workflow: Path,
) -> None:
    document = yaml.safe_load(workflow.read_text())
    assert document["permissions"] == {"contents": "read"}
    assert "group" in document["concurrency"]
    deploying = document["jobs"].pop("deploy", None)
    assert not [job for job in document["jobs"].values() if "permissions" in job]
    if deploying is None:
        return
    assert deploying["permissions"] == {"contents": "read", "id-token": "write"}
    assert deploying["environment"] == "production"
    assert deploying["needs"] == "test"
    assert deploying["if"] == "github.event_name == 'push'"
    assert "secrets." not in workflow.read_text()


def test_it_tests_before_it_deploys_and_asks_the_address_afterwards(workflow: Path) -> None:
    found = jobs(workflow)
    tested = [step.get("run", "") for step in found["test"]["steps"]]
    assert any(command.startswith("llmops deploy") for command in tested)
    assert any(command.startswith("llmops smoke-test") for command in tested)
    if "deploy" in found:
        done = [step.get("run", "") for step in found["deploy"]["steps"]]
        deployed = next(i for i, command in enumerate(done) if "llmops deploy -t azure" in command)
        assert "llmops smoke-test -t azure --junit" in done[deployed + 1]
