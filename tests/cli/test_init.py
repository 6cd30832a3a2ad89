"""`llmops init` on a terminal, in a pipe and for a program."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from llmops_cli.config.load import load
from tests.project import Project

LLMOPS = [sys.executable, "-m", "llmops_cli"]


def llmops(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*LLMOPS, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def terminal(*arguments: str, cwd: Path) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        LLMOPS[0], [*LLMOPS[1:], *arguments], cwd=str(cwd), encoding="utf-8", timeout=30
    )


def ended(run: "pexpect.spawn[str]") -> int | None:
    run.expect(pexpect.EOF)
    run.close()
    return run.exitstatus


def test_a_first_run_asks_nothing_and_names_the_next_command(tmp_path: Path) -> None:
    run = terminal("init", "my chat", cwd=tmp_path)
    run.expect_exact("next: cd 'my chat' && llmops deploy")
    assert ended(run) == 0
    assert 'name = "my-chat"' in (tmp_path / "my chat/llmops.toml").read_text()


@pytest.mark.parametrize(
    "options", [(), ("--target", "azure", "--template", "router"), ("--target", "host")]
)
def test_the_project_deploys_as_it_is(tmp_path: Path, options: tuple[str, ...]) -> None:
    document = json.loads(llmops("init", "chat", "--json", *options, cwd=tmp_path).stdout)
    port = load(tmp_path / "chat").targets["local"].port
    project = Project(tmp_path / "chat", port)
    try:
        project.ok("deploy")
        assert project.serving() == document["committed"][:12]
        checks = project.ok("smoke-test", "--json").document["checks"]
    finally:
        project.close()
    verdicts = {check["name"]: check["verdict"] for check in checks}
    assert verdicts["eval-basics"] == "passed"


def test_the_document_says_what_was_done(tmp_path: Path) -> None:
    done = llmops("init", "chat", "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["directory"] == str(tmp_path / "chat")
    assert {"path": "llmops.toml", "action": "create"} in document["files"]
    assert len(document["committed"]) == 40
    assert document["next"] == ["cd chat", "llmops deploy"]
    again = json.loads(llmops("init", "--json", cwd=tmp_path / "chat").stdout)
    assert {file["action"] for file in again["files"]} == {"unchanged"}
    assert (again["committed"], again["next"]) == (None, ["llmops deploy"])


def test_the_key_is_made_and_not_shown(tmp_path: Path) -> None:
    done = llmops("init", "chat", "--verbose", cwd=tmp_path)
    [file] = (tmp_path / "chat/.llmops").rglob("LLMOPS_API_KEY/*")
    assert "LLMOPS_API_KEY was generated" in done.stderr
    assert file.read_text() not in done.stdout + done.stderr
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_global_directory_is_where_the_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    done = llmops("-C", "work", "init", "chat", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "work/chat/llmops.toml").is_file()
    assert "next: cd work/chat && llmops deploy" in done.stdout


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A project whose README was edited after `init`."""
    assert llmops("init", "chat", cwd=tmp_path).returncode == 0
    (tmp_path / "chat/README.md").write_text("Mine.\n")
    return tmp_path / "chat"


@pytest.mark.parametrize(("answer", "kept"), [("n", True), ("", True), ("y", False)])
def test_on_a_terminal_every_edited_file_is_asked_about(
    edited: Path, answer: str, kept: bool
) -> None:
    run = terminal("init", cwd=edited)
    run.expect_exact("-Mine.")
    run.expect_exact("Overwrite README.md?")
    run.sendline(answer)
    assert ended(run) == 0
    assert ((edited / "README.md").read_text() == "Mine.\n") is kept


def test_an_interrupted_question_changes_nothing(edited: Path) -> None:
    (edited / ".dockerignore").unlink()
    run = terminal("init", cwd=edited)
    run.expect_exact("Overwrite README.md?")
    run.sendintr()
    run.expect_exact("Nothing was changed.")
    assert ended(run) == 130
    assert not (edited / ".dockerignore").exists()


def test_without_a_terminal_an_edited_file_is_kept_and_the_difference_shown(edited: Path) -> None:
    done = llmops("init", cwd=edited)
    assert done.returncode == 0
    assert "-Mine." in done.stderr
    assert "README.md is kept as it is; --force overwrites it." in done.stderr
    assert "git add . && git commit && llmops deploy" in done.stdout
    assert (edited / "README.md").read_text() == "Mine.\n"


@pytest.mark.parametrize("flag", ["--yes", "--json"])
def test_a_run_that_may_not_ask_keeps_edited_files_on_a_terminal_too(
    edited: Path, flag: str
) -> None:
    run = terminal("init", flag, cwd=edited)
    assert ended(run) == 0
    assert (edited / "README.md").read_text() == "Mine.\n"


def test_force_overwrites_after_showing_the_difference(edited: Path) -> None:
    done = llmops("init", "--force", cwd=edited)
    assert done.returncode == 0
    assert "-Mine." in done.stderr
    assert (edited / "README.md").read_text().startswith("# chat")


def test_a_dry_run_shows_the_files_and_writes_none(tmp_path: Path) -> None:
    done = llmops("init", "chat", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "create     llmops.toml" in done.stdout
    assert "next: llmops init chat" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_in_a_repository_the_next_command_commits(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    document = json.loads(llmops("init", "--json", "--name", "chat", cwd=tmp_path).stdout)
    assert document["committed"] is None
    assert document["next"] == ["git add . && git commit -m 'Add llmops'", "llmops deploy"]


def test_a_name_is_asked_for_only_where_the_folder_gives_none(tmp_path: Path) -> None:
    done = llmops("init", "123", cwd=tmp_path)
    assert done.returncode == 2
    assert "--name" in done.stderr
    run = terminal("init", "123", cwd=tmp_path)
    run.expect_exact("Name of the project")
    run.sendline("chat")
    assert ended(run) == 0
    assert 'name = "chat"' in (tmp_path / "123/llmops.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--name", "Not Valid"), 2),
        (("--template", "nothing"), 2),
        (("--template", "router", "--target", "local"), 2),
        (("--target", "nowhere"), 2),
        (("x" * 300,), 4),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], status: int
) -> None:
    folder = tmp_path / "chat"
    folder.mkdir()
    done = llmops("init", "--json", *arguments, cwd=folder)
    assert done.returncode == status, done.stdout + done.stderr
    assert set(json.loads(done.stdout)["error"]) == {"code", "message", "evidence", "state", "next"}
    assert list(folder.iterdir()) == []


def test_a_kept_project_file_that_is_invalid_is_told(tmp_path: Path) -> None:
    (tmp_path / "llmops.toml").write_text('name = "chat"\n[api]\nmodle = 1\n')
    done = llmops("init", cwd=tmp_path)
    assert done.returncode == 3
    assert "did you mean api.model?" in done.stderr
    assert os.listdir(tmp_path) == ["llmops.toml"]


def test_a_disk_that_takes_no_more_leaves_no_half_file(tmp_path: Path) -> None:
    def little_space() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "llmops_cli", "init", "chat"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=little_space,
        check=False,
    )
    assert done.returncode == 4
    assert "cannot be written" in done.stderr
    assert "Now:  Written: README.md" in done.stderr
    left = {path.name for path in (tmp_path / "chat").rglob("*") if path.is_file()}
    assert "README.md" in left
    assert not [name for name in left if name.endswith(tuple("0123456789"))]
    assert llmops("init", "chat", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("template", "step"),
    [("chat", "llmops secrets set LLMOPS_API_KEY --generate"), ("router", "llmops secrets check")],
)
def test_without_an_engine_a_project_for_containers_is_written_and_its_keys_are_named(
    tmp_path: Path, template: str, step: str
) -> None:
    options = ("--target", "compose", "--template", template, "--json")
    document = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    assert document["next"] == ["cd chat", step, "llmops deploy"]


@pytest.mark.parametrize(
    ("kind", "template", "secrets"),
    [
        ("azure", "chat", "llmops secrets set LLMOPS_API_KEY --generate -t azure"),
        ("azure-containerapp", "chat", "llmops secrets set LLMOPS_API_KEY --generate -t azure"),
        ("azure-containerapp", "router", "llmops secrets check -t azure"),
    ],
)
def test_what_leads_to_a_release_on_azure_is_named_in_order(
    tmp_path: Path, kind: str, template: str, secrets: str
) -> None:
    options = ("--target", kind, "--template", template, "--json")
    document = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    commit = "git add . && git commit -m 'Name the infrastructure'"
    assert document["next"] == [
        "cd chat",
        "llmops infra apply -t azure",
        commit,
        secrets,
        "llmops deploy -t azure",
    ]


@pytest.mark.parametrize(
    ("kind", "template", "secrets"),
    [
        ("aws", "chat", "llmops secrets set LLMOPS_API_KEY --generate -t aws"),
        ("aws", "litellm-proxy", "llmops secrets check -t aws"),
        ("gcp", "chat", "llmops secrets set LLMOPS_API_KEY --generate -t gcp"),
        ("gcp-run", "chat", "llmops secrets set LLMOPS_API_KEY --generate -t gcp"),
    ],
)
def test_on_aws_and_google_the_operator_first_says_what_nobody_else_knows(
    tmp_path: Path, kind: str, template: str, secrets: str
) -> None:
    options = ("--target", kind, "--template", template, "--json")
    document = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    target = kind.partition("-")[0]
    assert document["next"] == [
        "cd chat",
        "${EDITOR:-vi} llmops.toml",
        f"llmops infra apply -t {target}",
        "git add . && git commit -m 'Name the infrastructure'",
        secrets,
        f"llmops deploy -t {target}",
    ]


def test_a_proxy_that_stands_alone_needs_its_master_key_only(tmp_path: Path) -> None:
    options = ("--template", "litellm-proxy", "--json")
    document = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    key = "llmops secrets set LITELLM_MASTER_KEY --generate"
    assert document["next"] == ["cd chat", key, "llmops deploy"]


def test_once_the_infrastructure_is_known_it_is_not_named_again(tmp_path: Path) -> None:
    llmops("init", "chat", "--target", "azure", cwd=tmp_path)
    file = tmp_path / "chat/llmops.toml"
    known = '[targets.azure]\nresource_group = "rg-chat"'
    file.write_text(file.read_text().replace("[targets.azure]", known, 1))
    again = json.loads(llmops("init", "chat", "--target", "azure", "--json", cwd=tmp_path).stdout)
    assert again["next"][-1] == "llmops deploy -t azure"
    assert "llmops infra apply -t azure" not in again["next"]


@pytest.mark.parametrize(
    ("template", "secrets"),
    [("chat", []), ("router", ["llmops secrets check -t host"])],
)
def test_what_leads_to_a_release_on_a_host_is_named_in_order(
    tmp_path: Path, template: str, secrets: list[str]
) -> None:
    options = ("--target", "host", "--template", template, "--json")
    document = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    made = ["llmops infra apply -t host", *secrets, "llmops deploy -t host"]
    edit = ["${EDITOR:-vi} llmops.toml", "git commit -am 'Name the hosts'"]
    assert document["next"] == ["cd chat", *edit, *made]
    file = tmp_path / "chat/llmops.toml"
    file.write_text(file.read_text().replace("api.example.com", "api.shop.de"))
    again = json.loads(llmops("init", "chat", *options, cwd=tmp_path).stdout)
    assert again["next"] == ["cd chat", "git add . && git commit", *made]


@pytest.mark.parametrize("command", ["deploy", "infra plan", "secrets list", "doctor"])
def test_until_the_hosts_are_named_none_is_asked(tmp_path: Path, command: str) -> None:
    llmops("init", "chat", "--target", "host", cwd=tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 255\n")
    (programs / "ssh").chmod(0o755)
    project = Project(tmp_path / "chat", 0, {"PATH": f"{programs}:{os.environ['PATH']}"})
    run = project.by_itself(*command.split(), "-t", "host")
    assert run.status == 4, run.said
    assert "The project does not name its hosts yet." in run.said
    assert 'hosts = "deploy@api.example.com"' in run.said
    assert not (tmp_path / "asked").exists()
