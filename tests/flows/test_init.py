"""What `init` plans and does: files, key, first commit."""

import json
import re
import socket
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.environment import credential_secret, required_secrets
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.load import load
from llmops_cli.config.on_target import on_target
from llmops_cli.config.placeholders import placeholders
from llmops_cli.errors import ConfigError, PreflightError, UsageError
from llmops_cli.flows import init
from llmops_cli.flows.infra_files import files_for
from llmops_cli.flows.project_files import AZURE
from llmops_cli.flows.project_name import check_name, name_after
from llmops_cli.flows.scaffold import Action, FileChange
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.serve.models.demo_memory import reply
from llmops_cli.stacks.profiles import services_of


def keep(change: FileChange) -> bool:
    return False


def overwrite(change: FileChange) -> bool:
    return True


def run(folder: Path, decide: Any = keep, **options: Any) -> init.Outcome:
    request = init.Request(folder, **{"name": "chat", **options})
    return init.do(init.plan(request), decide, lambda: FileStore(folder / ".llmops/secrets"))


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def actions(outcome: init.Outcome) -> dict[str, Action]:
    return {change.path: change.action for change in outcome.files}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not there yet, in no repository, with git knowing nobody."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return tmp_path / "chat"


def test_planning_writes_nothing(folder: Path) -> None:
    plan = init.plan(init.Request(folder, "chat"))
    assert plan.makes_repository
    assert {change.action for change in plan.files} == {Action.CREATE}
    assert not folder.exists()


def test_the_project_is_valid_and_committed_as_a_whole(folder: Path) -> None:
    outcome = run(folder)
    assert load(folder).api.system_prompt == "prompts/system.md"
    assert outcome.committed is not None
    assert git(folder, "rev-parse", "main") == outcome.committed.sha
    assert git(folder, "status", "--porcelain") == ""
    assert not outcome.has_changes
    expected = {change.path for change in outcome.files} - {".llmops/.gitignore"}
    assert set(git(folder, "ls-files").splitlines()) == expected


def test_the_first_commit_names_llmops_only_where_git_knows_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = run(folder).committed
    assert nobody is not None
    assert nobody.is_by_llmops
    assert git(folder, "log", "--format=%an <%ae>") == "llmops <llmops@localhost>"
    assert "user.name" not in git(folder, "config", "--list", "--local")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.invalid")
    somebody = run(folder.with_name("other")).committed
    assert somebody is not None
    assert not somebody.is_by_llmops
    assert git(folder.with_name("other"), "log", "--format=%an") == "Ada"


def test_a_second_run_changes_nothing(folder: Path) -> None:
    run(folder)
    head = git(folder, "rev-parse", "HEAD")
    again = run(folder)
    assert set(actions(again).values()) == {Action.UNCHANGED}
    assert (again.committed, again.has_new_key, again.has_changes) == (None, False, False)
    assert git(folder, "rev-parse", "HEAD") == head


def test_the_api_gets_one_strong_key_that_git_never_sees(folder: Path) -> None:
    assert run(folder).has_new_key
    store = FileStore(folder / ".llmops/secrets")
    key = store.read("LLMOPS_API_KEY")
    assert key is not None
    assert len(key.reveal()) >= 43
    assert not run(folder).has_new_key
    assert store.current_version("LLMOPS_API_KEY") == "1"
    # Also where the project's own .gitignore says nothing about it.
    (folder / ".gitignore").write_text("")
    git(folder, "add", "-A")
    assert ".llmops" not in git(folder, "ls-files")


def test_an_api_that_needs_no_key_gets_none(folder: Path) -> None:
    plan = init.plan(init.Request(folder, "chat"))
    assert not init.do(plan, keep, lambda: None).has_new_key


def test_an_edited_file_is_kept_unless_it_is_decided_otherwise(folder: Path) -> None:
    run(folder)
    (folder / "README.md").write_text("Mine.\n")
    assert actions(run(folder))["README.md"] is Action.KEEP
    assert (folder / "README.md").read_text() == "Mine.\n"
    assert actions(run(folder, overwrite))["README.md"] is Action.OVERWRITE
    assert (folder / "README.md").read_text().startswith("# chat")


def test_a_difference_is_shown_without_secret_values(folder: Path) -> None:
    run(folder)
    value = "sk-" + "a1B2" * 8
    (folder / ".gitignore").write_text(f"# {value}\n")
    seen: list[str] = []
    run(folder, lambda change: bool(seen.append(change.diff)))
    assert "+.llmops/" in seen[0]
    assert "-# [secret]" in seen[0]
    assert value not in seen[0]


def test_everything_is_decided_before_anything_is_written(folder: Path) -> None:
    folder.mkdir()
    (folder / "prompts").mkdir()
    (folder / "prompts/system.md").write_text("Mine.\n")

    def interrupt(change: FileChange) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, interrupt)
    assert sorted(path.name for path in folder.rglob("*")) == ["prompts", "system.md"]


def test_files_that_were_there_stay_out_of_the_first_commit(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("private\n")
    (folder / "README.md").write_text("Mine.\n")
    outcome = run(folder)
    tracked = git(folder, "ls-files").splitlines()
    assert "llmops.toml" in tracked
    assert not {"notes.txt", "README.md"} & set(tracked)
    assert outcome.has_changes


def test_inside_a_repository_git_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    git(folder, "init", "-q")
    outcome = run(folder / "services" / "chat")
    assert outcome.committed is None
    assert outcome.has_changes
    assert git(folder, "diff", "--cached", "--name-only") == ""
    assert not (folder / "services/chat/.git").exists()


def test_a_project_keeps_its_name_and_port(folder: Path) -> None:
    run(folder, name="chosen")
    file = folder / "llmops.toml"
    file.write_text(re.sub(r"port = \d+", "port = 54321", file.read_text()))
    again = run(folder, name="chosen")
    assert actions(again)["llmops.toml"] is Action.UNCHANGED


def test_a_new_project_gets_a_port_that_nobody_uses(folder: Path) -> None:
    run(folder)
    first = load(folder).targets["local"].port
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", first))
        listener.listen()
        run(folder.with_name("other"))
    second = load(folder.with_name("other")).targets["local"].port
    assert 8000 <= first < second


def test_an_invalid_project_that_is_kept_stops_everything(folder: Path) -> None:
    folder.mkdir()
    (folder / "llmops.toml").write_text('name = "chat"\n[api]\nmodle = 1\n')
    with pytest.raises(ConfigError, match="did you mean"):
        run(folder)
    assert [path.name for path in folder.iterdir()] == ["llmops.toml"]
    assert run(folder, overwrite).committed


def test_a_link_out_of_the_project_is_not_followed(folder: Path) -> None:
    outside = folder.with_name("outside")
    outside.mkdir()
    folder.mkdir()
    (folder / "prompts").symlink_to(outside)
    with pytest.raises(PreflightError, match="prompts") as caught:
        run(folder, overwrite)
    assert "symbolic link" in caught.value.evidence
    assert list(outside.iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["prompts"]


def test_a_link_inside_the_project_stays_a_link(folder: Path) -> None:
    folder.mkdir()
    (folder / "docs.md").write_text("old\n")
    (folder / "README.md").symlink_to("docs.md")
    run(folder, overwrite)
    assert (folder / "README.md").is_symlink()
    assert (folder / "docs.md").read_text().startswith("# chat")


def test_a_circle_of_links_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "README.md").symlink_to("README.md")
    with pytest.raises(PreflightError, match="cannot be a file of the project"):
        run(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "README.md").mkdir(parents=True)
    with pytest.raises(PreflightError, match="cannot be a file of the project"):
        run(folder)


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_file_in_the_place_of_the_folder_is_refused(folder: Path, below: str) -> None:
    folder.write_text("a file")
    with pytest.raises(PreflightError, match="cannot be a folder"):
        run(Path(f"{folder}{below}"))


def test_a_folder_that_cannot_be_made_is_refused(folder: Path) -> None:
    # Nobody, not even root, makes folders in /proc.
    with pytest.raises(PreflightError, match="cannot be written") as caught:
        run(Path("/proc/llmops-test"))
    assert caught.value.state == "Written: nothing."


def test_an_overwritten_file_keeps_its_permissions(folder: Path) -> None:
    folder.mkdir()
    (folder / "README.md").write_text("old")
    (folder / "README.md").chmod(0o640)
    run(folder, overwrite)
    assert (folder / "README.md").stat().st_mode & 0o777 == 0o640


def test_a_commit_that_git_refuses_leaves_the_files_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = folder.with_name("template") / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "pre-commit").write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    with pytest.raises(PreflightError, match="The files are written") as caught:
        run(folder)
    assert caught.value.evidence == "no"
    assert load(folder).name == "chat"


def test_without_git_nothing_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PreflightError, match="git is not installed"):
        run(folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("option", "there_is"), [({"kind": "nowhere"}, "local"), ({"template": "nothing"}, "chat")]
)
def test_an_unknown_kind_or_template_is_answered_with_those_there_are(
    folder: Path, option: dict[str, str], there_is: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run(folder, **option)
    assert there_is in caught.value.next_step
    assert not folder.exists()


@pytest.mark.parametrize(
    ("folder_name", "name"),
    [
        ("My Chat!", "my-chat"),
        ("2nd_try", "nd-try"),
        ("Größe", "groe"),
        ("a" * 60, "a" * 40),
        ("a" * 39 + "-b", "a" * 39),
        ("123", None),
        ("日本", None),
    ],
)
def test_a_project_is_called_after_its_folder(folder_name: str, name: str | None) -> None:
    assert name_after(Path("/somewhere") / folder_name) == name
    assert name is None or check_name(name) == name


@pytest.mark.parametrize("name", ["", "X", "a-", "a b", "a\n", "a" * 41])
def test_a_name_that_breaks_the_rule_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        check_name(name)


def test_the_workflow_is_restricted_and_pinned(folder: Path) -> None:
    run(folder)
    workflow = yaml.safe_load((folder / ".github/workflows/deploy.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"] == "deploy-${{ github.ref }}"
    steps = workflow["jobs"]["test"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in used)
    commands = [step["run"] for step in steps if "run" in step]
    assert "llmops deploy" in commands
    assert any(command.startswith("llmops smoke-test --junit") for command in commands)


def test_the_golden_prompts_pass_with_the_demo_model(folder: Path) -> None:
    run(folder)
    golden = tomllib.loads((folder / "evals/basics.toml").read_text())
    assert golden["threshold"] == 1.0
    for prompt in golden["prompt"]:
        answer = reply([prompt["prompt"]], 2).removesuffix(prompt["prompt"])
        assert re.search(prompt.get("matches") or re.escape(prompt["contains"]), answer), answer


def test_editors_find_the_schema_that_the_project_file_names(folder: Path) -> None:
    run(folder)
    first = (folder / "llmops.toml").read_text().splitlines()[0]
    assert (folder / first.removeprefix("#:schema ")).is_file()


@pytest.mark.parametrize("template", ["chat", "router", "production", "gpu-stack"])
def test_every_template_makes_a_project_for_containers(folder: Path, template: str) -> None:
    run(folder, template=template, kind="compose")
    config = load(folder)
    target = config.targets["compose"]
    assert isinstance(target, ComposeTarget)
    assert target.profile == template

    def read(path: str) -> str:
        return git(folder, "show", f"HEAD:{path}")

    assert bool(services_of(config, target, read)) == (template != "chat")


def test_a_template_with_services_is_for_containers_by_itself(folder: Path) -> None:
    run(folder, template="router")
    assert list(load(folder).targets) == ["compose"]


def test_a_template_with_services_does_not_go_with_processes(folder: Path) -> None:
    with pytest.raises(UsageError, match="containers"):
        run(folder, template="router", kind="local")
    assert not folder.exists()


def test_an_edited_configuration_of_litellm_is_kept(folder: Path) -> None:
    run(folder, template="router")
    edited = (folder / "litellm.yaml").read_text().replace("timeout: 14", "timeout: 9")
    (folder / "litellm.yaml").write_text(edited)
    outcome = run(folder, template="router")
    assert actions(outcome)["litellm.yaml"] is Action.KEEP
    assert (folder / "litellm.yaml").read_text() == edited


def test_the_workflow_installs_what_the_target_needs(folder: Path) -> None:
    run(folder, kind="compose")
    assert "llmops-cli[docker]==" in (folder / ".github/workflows/deploy.yml").read_text()


azure_projects = pytest.mark.parametrize(
    ("kind", "template"),
    [(kind, template) for kind in AZURE for template in ("chat", "router")],
)


@azure_projects
def test_a_project_for_azure_has_a_target_there_and_one_here(
    folder: Path, kind: str, template: str
) -> None:
    run(folder, kind=kind, template=template)
    config = load(folder)
    assert list(config.targets) == ["local", "azure"]
    assert config.targets["azure"].kind == kind
    assert isinstance(config.targets["azure"], AzureTarget)
    assert config.default_target == "local"
    assert config.image.platform == "linux/amd64"
    assert on_target(config, "local").api.model == "demo"


@azure_projects
def test_a_second_run_for_azure_changes_nothing_and_keeps_edits(
    folder: Path, kind: str, template: str
) -> None:
    run(folder, kind=kind, template=template)
    file = folder / "llmops.toml"
    file.write_text(re.sub(r"port = \d+", "port = 54321", file.read_text()))
    again = run(folder, kind=kind, template=template)
    assert set(actions(again).values()) == {Action.UNCHANGED}
    file.write_text(file.read_text().replace('location = "westeurope"', 'location = "eastus2"'))
    assert actions(run(folder, kind=kind, template=template))["llmops.toml"] is Action.KEEP
    assert 'location = "eastus2"' in file.read_text()


@azure_projects
def test_git_never_sees_the_state_of_terraform(folder: Path, kind: str, template: str) -> None:
    run(folder, kind=kind, template=template)
    for path in ("infra/azure/.terraform/x", "infra/azure/terraform.tfstate", "infra/azure/tfplan"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("state")
    (folder / "infra/azure/.terraform.lock.hcl").write_text("lock")
    assert git(folder, "ls-files", "--others", "--exclude-standard").split() == [
        "infra/azure/.terraform.lock.hcl"
    ]


@pytest.mark.parametrize("template", ["production", "gpu-stack"])
def test_a_template_with_services_of_one_engine_does_not_go_with_azure(
    folder: Path, template: str
) -> None:
    with pytest.raises(UsageError, match="does not go with") as caught:
        run(folder, template=template, kind="azure")
    assert "compose" in caught.value.next_step
    assert not folder.exists()


@azure_projects
def test_the_infrastructure_is_described_as_the_project_file_says(
    folder: Path, kind: str, template: str
) -> None:
    outcome = run(folder, kind=kind, template=template)
    described = {change.path for change in outcome.files if change.path.startswith("infra/")}
    assert described == set(files_for(load(folder), "azure"))
    assert "infra/azure/versions.tf" in described
    variables = json.loads((folder / "infra/azure/terraform.tfvars.json").read_text())
    assert variables["github_environments"] == ["production"]
    assert git(folder, "status", "--porcelain") == ""


host_projects = pytest.mark.parametrize("template", ["chat", "router", "gpu-stack"])


@host_projects
def test_a_project_for_hosts_has_a_target_there_and_one_here(folder: Path, template: str) -> None:
    run(folder, kind="host", template=template)
    config = load(folder)
    assert list(config.targets) == ["local", "host"]
    assert config.default_target == "local"
    target = config.targets["host"]
    assert isinstance(target, HostTarget)
    assert len(placeholders(target)) == 2
    assert target.known_hosts is not None
    assert "ssh-keygen -F" in git(folder, "show", f"HEAD:{target.known_hosts}")
    assert (target.stack is not None) == (template == "gpu-stack")
    assert on_target(config, "local").api.model == "demo"


@host_projects
def test_a_second_run_for_hosts_changes_nothing_and_keeps_edits(
    folder: Path, template: str
) -> None:
    run(folder, kind="host", template=template)
    file, known = folder / "llmops.toml", folder / "deploy/known_hosts"
    file.write_text(re.sub(r"port = 8\d{3}\n", "port = 54321\n", file.read_text(), count=1))
    again = run(folder, kind="host", template=template)
    assert set(actions(again).values()) == {Action.UNCHANGED}
    file.write_text(file.read_text().replace("api.example.com", "api.shop.de"))
    known.write_text(known.read_text() + "api.shop.de ssh-ed25519 AAAA\n")
    after = actions(run(folder, kind="host", template=template))
    assert (after["llmops.toml"], after["deploy/known_hosts"]) == (Action.KEEP, Action.KEEP)
    assert "api.shop.de ssh-ed25519" in known.read_text()


def test_git_never_sees_a_key_of_ssh_but_those_of_hosts(folder: Path) -> None:
    run(folder, kind="host")
    for name in ("deploy.key", "id_ed25519", "deploy/id_rsa", "deploy/tls.pem", ".env"):
        (folder / name).write_text("private")
    assert git(folder, "status", "--porcelain") == ""
    assert "deploy/known_hosts" in git(folder, "ls-files").splitlines()


def test_the_stack_behind_a_host_is_asked_where_the_host_publishes_it(folder: Path) -> None:
    run(folder, kind="host", template="gpu-stack")
    config = load(folder)
    target = config.targets["host"]
    assert isinstance(target, HostTarget)
    assert target.stack is not None
    [upstream] = config.api.upstreams
    assert str(upstream.base_url) == f"http://127.0.0.1:{target.stack.litellm_port}/v1"
    # LiteLLM's file is the one of the same stack in containers.
    elsewhere = folder.with_name("other")
    run(elsewhere, kind="compose", template="gpu-stack")
    assert (folder / "litellm.yaml").read_text() == (elsewhere / "litellm.yaml").read_text()
    text = (folder / "README.md").read_text()
    named = [name for name in required_secrets(config) if name not in text]
    assert named == ["LLMOPS_API_KEY"]


def test_the_template_of_a_whole_stack_in_containers_does_not_go_with_hosts(folder: Path) -> None:
    with pytest.raises(UsageError, match="does not go with"):
        run(folder, template="production", kind="host")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("kind", "template"),
    [("aws", "chat"), ("aws", "litellm-proxy"), ("gcp", "chat"), ("gcp-run", "chat")],
)
def test_a_project_for_aws_or_google_has_a_target_there_and_one_here(
    folder: Path, kind: str, template: str
) -> None:
    run(folder, kind=kind, template=template)
    config, there = load(folder), kind.partition("-")[0]
    here = "compose" if template == "litellm-proxy" else "local"
    assert list(config.targets) == [here, there]
    assert config.targets[there].kind == kind
    assert config.default_target == here
    assert config.image.platform == "linux/amd64"
    # Alone, it needs nothing but the key that callers present.
    assert required_secrets(on_target(config, here)) == (credential_secret(config),)
    assert all((folder / path).is_file() for path in files_for(config, there))
    again = run(folder, kind=kind, template=template)
    assert set(actions(again).values()) == {Action.UNCHANGED}


def test_a_proxy_has_nothing_that_litellm_would_not_read(folder: Path) -> None:
    run(folder, template="litellm-proxy", kind="aws")
    names = {path.name for path in folder.iterdir()}
    assert {"Dockerfile", "start.py", "litellm.yaml", "infra"} <= names
    assert not {"prompts", "evals"} & names
    compile((folder / "start.py").read_text(), "start.py", "exec")
    assert "USER 10001:10001" in (folder / "Dockerfile").read_text()
    # The load balancer asks what needs no key and calls no model.
    variables = json.loads((folder / "infra/aws/terraform.tfvars.json").read_text())
    assert variables["health_path"] == "/health/readiness"
    assert variables["port"] == 4000
