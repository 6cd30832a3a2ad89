"""Completion, as the shells ask for it: installed by the command, answered by the command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from llmops_cli.cli import commands
from llmops_cli.config.targets import KINDS
from llmops_cli.flows.project_files import templates
from tests.cli.test_help import LOADED
from tests.project import LLMOPS

BIN = Path(sys.executable).parent

#: Where a shell's completion goes, below the home of its user.
PLACES = {
    "bash": ".bash_completions/llmops.sh",
    "zsh": ".zfunc/_llmops",
    "fish": ".config/fish/completions/llmops.fish",
}


def environment(home: Path) -> dict[str, str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "TERM": "xterm"}


def in_shell(shell: str, home: Path, command: str) -> str:
    """Run a line in a shell, which is then the parent that completion is installed for."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        # The second command keeps the shell from becoming the first one.
        [shell, "-c", f"{command}; exit $?"] if shell != "fish" else [shell, "-c", command],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def offered(line: str) -> list[str]:
    """What bash is offered where its cursor is at the end of a line."""
    done = subprocess.run(
        LLMOPS,
        env={
            **os.environ,
            "_LLMOPS_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("shell", PLACES)
def test_the_script_that_is_shown_is_valid_and_names_the_protocol(
    shell: str, tmp_path: Path
) -> None:
    script = in_shell(shell, tmp_path, "llmops --show-completion")
    assert f"_LLMOPS_COMPLETE=complete_{shell}" in script
    (tmp_path / "script").write_text(script)
    in_shell(shell, tmp_path, f"{shell} -n script")
    assert not (tmp_path / PLACES[shell]).exists()


@pytest.mark.parametrize("shell", PLACES)
def test_completion_is_installed_for_the_shell_that_asks(shell: str, tmp_path: Path) -> None:
    told = in_shell(shell, tmp_path, "llmops --install-completion")
    installed = tmp_path / PLACES[shell]
    assert str(installed) in told
    assert "_LLMOPS_COMPLETE" in installed.read_text()


def test_bash_completes_a_command_at_the_tab_key(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("PS1='ready> '\n")
    in_shell("bash", tmp_path, "llmops --install-completion")
    shell = pexpect.spawn(
        "bash",
        ["-i"],
        cwd=str(tmp_path),
        env=environment(tmp_path),
        encoding="utf-8",
        timeout=30,
    )
    shell.expect_exact("ready> ")
    shell.send("llmops dep\t")
    shell.expect_exact("llmops deploy ")
    shell.send("--allow\t")
    shell.expect_exact("--allow-dirty ")
    shell.close(force=True)


def test_a_beginning_is_completed_to_the_commands_that_have_it() -> None:
    assert offered("llmops de") == ["deploy"]
    assert sorted(offered("llmops s")) == sorted(
        name for name in commands.names() if name.startswith("s")
    )
    assert sorted(offered("llmops ")) == sorted(commands.names())
    assert offered("llmops -C somewhere rel") == ["releases"]


def test_subcommands_and_options_are_offered() -> None:
    assert sorted(offered("llmops secrets ")) == ["check", "list", "rotate", "set", "unset"]
    assert {"--target", "--allow-dirty", "--dry-run", "--name"} <= set(offered("llmops deploy --"))
    assert {"--file", "--generate"} <= set(offered("llmops secrets set --"))
    assert {"--json", "--verbose", "--directory"} <= set(offered("llmops --"))


def test_the_kinds_and_templates_of_a_new_project_are_offered_and_are_those_there_are() -> None:
    assert offered("llmops init --target ") == list(KINDS)
    assert offered("llmops init --target h") == ["host"]
    assert offered("llmops init --template ") == templates()


def test_completion_loads_no_flow_no_project_file_and_no_client() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={
            **os.environ,
            "_LLMOPS_COMPLETE": "complete_bash",
            "COMP_WORDS": "llmops de",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["deploy"]
    rooms = ("flows", "config", "checks", "targets", "secret_stores", "source", "catalog")
    heavy = [f"llmops_cli.{room}" for room in rooms] + ["httpx2", "jinja2", "rich", "asyncio"]
    assert not [name for name in heavy if f'"{name}"' in done.stderr]
