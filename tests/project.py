"""A project as a user has it: a git repository, a project file, the command line on top."""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from llmops_cli.targets.local.channel import Channel, NoAnswerError
from llmops_cli.targets.local.inspection import orphans
from llmops_cli.targets.local.layout import Layout
from tests.commands import SECONDS, Run, can_fork, shared

LLMOPS = [sys.executable, "-m", "llmops_cli"]
#: Below those that systems hand out by themselves: from 32768 on Linux, from 49152 on macOS.
_PORTS = range(10_240, 32_768)
_RANDOM = random.SystemRandom()
API_KEY = "key-for-tests-0123456789abcdef"


@dataclass
class Project:
    """A project folder. Commands run in it as separate processes."""

    root: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """What clients of its address trust; what the system trusts, unless told otherwise."""
        return True

    @property
    def state(self) -> Path:
        return self.root / ".llmops" / "local"

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str = "Change") -> str:
        """Commit everything and return the id of the release that it makes."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")[:12]

    def change(self, text: str) -> str:
        """Edit the prompt and commit it."""
        self.write("prompts/system.md", text + "\n")
        return self.commit(text)

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**os.environ, **self.environment}

    def popen(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*LLMOPS, "-C", str(self.root), *arguments],
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def llmops(self, *arguments: str, input: str | None = None) -> Run:
        """Run a command to its end, whatever its status."""
        environment = self.variables()
        if not can_fork(environment):
            return self.by_itself(*arguments, input=input)
        whole = ["-C", str(self.root), *arguments]
        return shared().run(whole, environment, input=input or "")

    def by_itself(self, *arguments: str, input: str | None = None) -> Run:
        """Run a command as a program that is started anew."""
        done = subprocess.run(
            [*LLMOPS, "-C", str(self.root), *arguments],
            env=self.variables(),
            input=input or "",
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str, input: str | None = None) -> Run:
        """Run a command that must succeed."""
        run = self.llmops(*arguments, input=input)
        assert run.status == 0, run.said
        return run

    def serving(self) -> str:
        """The release id that the public address answers with."""
        return httpx2.get(f"{self.url}/version", timeout=10).raise_for_status().json()["release"]

    def processes(self) -> dict[str, int]:
        """The release processes that run: release id of each to its pid."""
        instances = self.supervisor()["instances"]
        return {found["release"]: found["pid"] for found in instances if found["running"]}

    def supervisor(self) -> dict[str, Any]:
        """What the supervisor says of itself."""
        return self._ask("state")

    def kill_supervisor(self) -> int:
        pid = self.supervisor()["pid"]
        os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        """End what this project started, whoever supervises it."""
        if not self.state.is_dir():
            return
        with contextlib.suppress(NoAnswerError):
            self._ask("stop", grace=0.2)
        for orphan in orphans(Layout(self.state)):
            os.kill(orphan["pid"], signal.SIGKILL)

    def _ask(self, do: str, **details: object) -> dict[str, Any]:
        channel = Channel(self.state / "run" / "supervisor.sock", timeout=30)
        try:
            return channel.ask(do, **details)
        finally:
            channel.close()


def free_port() -> int:
    """Return a port that nobody uses, and that nobody gets meanwhile who asks for just any."""
    while True:
        port = _RANDOM.choice(_PORTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def make_project(root: Path, *, api: str = "", target: str = "", top: str = "") -> Project:
    """Write a project that deploys as it is, with extra lines where they are given."""
    root.mkdir(parents=True, exist_ok=True)
    project = Project(root, free_port())
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.write(
        "llmops.toml",
        f'name = "demo"\n{top}\n[api]\nsystem_prompt = "prompts/system.md"\n{api}\n'
        f"[checks]\nconfirmations = 3\n[targets.local]\nport = {project.port}\n{target}\n",
    )
    project.write(".gitignore", ".llmops/\n")
    project.write("prompts/system.md", "You are brief.\n")
    project.commit("First")
    secret = project.state / "secrets" / "LLMOPS_API_KEY"
    secret.mkdir(parents=True, mode=0o700)
    (secret / "1").write_text(API_KEY)
    (secret / "1").chmod(0o600)
    return project


def copy_of_example(example: Path, folder: Path, port: str) -> Project:
    """Copy an example into a repository of its own, as its README says.

    ``port`` is a regular expression; what it matches first gets a port that is free.
    """
    root = folder / example.name
    shutil.copytree(example, root, ignore=shutil.ignore_patterns(".llmops", "__pycache__"))
    project = Project(root, free_port())
    text = (root / "llmops.toml").read_text()
    project.write("llmops.toml", re.sub(port, f"port = {project.port}", text, count=1))
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.commit("First commit")
    return project
