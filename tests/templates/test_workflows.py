"""The workflows that `init` writes and those of the examples: linters of others find nothing."""

import os
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
    ("host", "chat"),
    ("host", "router"),
    ("host", "gpu-stack"),
    ("azure", "chat"),
    ("azure", "router"),
    ("azure-containerapp", "chat"),
    ("azure-containerapp", "router"),
    ("aws", "chat"),
    ("aws", "litellm-proxy"),
    ("gcp", "chat"),
    ("gcp-run", "chat"),
]
#: Actions that prove to a cloud who asks, and what they are given: no key.
OF_CLOUDS = {
    "aws-actions/configure-aws-credentials": {"role-to-assume", "aws-region"},
    "google-github-actions/auth": {"workload_identity_provider", "service_account"},
}
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob(f"*/{WORKFLOW}"))


def program(name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


ZIZMOR, ACTIONLINT = program("zizmor"), program("actionlint")
needs_zizmor = pytest.mark.skipif(ZIZMOR is None, reason="needs zizmor")
needs_ssh = pytest.mark.skipif(program("ssh-agent") is None, reason="needs ssh")
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
    known = "|".join([r"actions/[a-z-]+", *OF_CLOUDS])
    assert all(re.fullmatch(rf"({known})@[0-9a-f]{{40}}", action) for action in used)
    assert not [step for step in steps if "${{" in step.get("run", "")]


def test_only_the_job_that_deploys_has_rights_and_it_is_protected(workflow: Path) -> None:
    text = workflow.read_text()
    document = yaml.safe_load(text)
    assert document["permissions"] == {"contents": "read"}
    assert "group" in document["concurrency"]
    deploying = document["jobs"].pop("deploy", None)
    assert not [job for job in document["jobs"].values() if "permissions" in job]
    assert "${{ secrets." not in yaml.safe_dump(document)
    if deploying is None:
        return
    is_on_hosts = "-t host" in text
    more = {} if is_on_hosts else {"id-token": "write"}
    assert deploying["permissions"] == {"contents": "read", **more}
    assert deploying["environment"] == "production"
    assert deploying["needs"] == "test"
    assert deploying["if"] == "github.event_name == 'push'"
    assert re.findall(r"secrets\.\w+", text) == ["secrets.DEPLOY_SSH_KEY"] * is_on_hosts


def test_it_tests_before_it_deploys_and_asks_the_address_afterwards(workflow: Path) -> None:
    found = jobs(workflow)
    tested = [step.get("run", "") for step in found["test"]["steps"]]
    assert any(command.startswith("llmops deploy") for command in tested)
    assert any(command.startswith("llmops smoke-test") for command in tested)
    if "deploy" in found:
        done = [step.get("run", "") for step in found["deploy"]["steps"]]
        deployed = next(i for i, command in enumerate(done) if command.startswith("llmops deploy"))
        target = done[deployed].split()[3]
        assert target in ("host", "azure", "aws", "gcp")
        assert done[deployed].startswith(f"llmops deploy -t {target} --lock-wait")
        assert f"llmops smoke-test -t {target} --junit" in done[deployed + 1]


def test_a_cloud_is_shown_githubs_own_token_after_everything_is_installed(workflow: Path) -> None:
    steps = jobs(workflow).get("deploy", {"steps": []})["steps"]
    for number, step in enumerate(steps):
        action = step.get("uses", "").partition("@")[0]
        if action in OF_CLOUDS:
            assert set(step["with"]) == OF_CLOUDS[action]
            assert steps[number - 1]["run"].startswith("pip install")
            assert steps[number + 1]["run"].startswith("llmops deploy")


def test_what_google_leaves_in_the_tree_of_a_job_makes_no_release_dirty() -> None:
    for kind in ("gcp", "gcp-run"):
        lines = template_texts("chat", kind, "chat", 8000)[".gitignore"].splitlines()
        assert "gha-creds-*.json" in lines


@pytest.fixture
def agent_step() -> str:
    """What the workflow runs to give the key of the hosts to ssh."""
    text = template_texts("chat", "host", "chat", 8000)[WORKFLOW]
    steps = yaml.safe_load(text)["jobs"]["deploy"]["steps"]
    [found] = [step["run"] for step in steps if "DEPLOY_SSH_KEY" in step.get("env", {})]
    assert steps[-1] == {
        "name": "End the agent",
        "if": "always() && env.SSH_AGENT_PID",
        "run": "ssh-agent -k",
    }
    return found


def bash(script: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    words = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def runner(folder: Path, key: str) -> dict[str, str]:
    """Return the environment of a step; GitHub has stripped the key's last line end."""
    folder.mkdir()
    places = {name: str(folder) for name in ("HOME", "TMPDIR")}
    more = {"DEPLOY_SSH_KEY": key.strip(), "GITHUB_ENV": str(folder / "env")}
    return {"PATH": os.environ["PATH"], **places, **more}


@needs_ssh
def test_the_key_of_the_hosts_goes_to_an_agent_and_onto_no_disk(
    tmp_path: Path, agent_step: str
) -> None:
    made = tmp_path / "made"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made)], check=True)
    environment = runner(tmp_path / "runner", made.read_text())
    done = bash(agent_step, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    told = (tmp_path / "runner/env").read_text()
    agent = {**environment, **dict(line.split("=", 1) for line in told.splitlines())}
    try:
        assert made.with_suffix(".pub").read_text().split()[1] in bash("ssh-add -L", agent).stdout
        left = [file for file in (tmp_path / "runner").rglob("*") if file.is_file()]
        assert left == [tmp_path / "runner/env"]
        assert "PRIVATE KEY" not in done.stdout + done.stderr + told
    finally:
        assert bash("ssh-agent -k", agent).returncode == 0


@needs_ssh
def test_without_the_key_the_job_says_which_secret_to_set(tmp_path: Path, agent_step: str) -> None:
    done = bash(agent_step, runner(tmp_path / "runner", ""))
    assert done.returncode == 1
    assert "Set the secret DEPLOY_SSH_KEY of the environment production." in done.stdout


def test_no_workflow_asks_hosts_for_their_keys(workflow: Path) -> None:
    text = workflow.read_text()
    assert "keyscan" not in text
    assert "StrictHostKeyChecking" not in text
