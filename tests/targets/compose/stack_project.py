"""A project whose releases run as containers, and a look at what its engine holds of it."""

import contextlib
import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.project import API_KEY, Project, free_port


@dataclass
class StackProject(Project):
    """A project with one target, `compose`."""

    name: str = ""

    @property
    def stack(self) -> str:
        return f"{self.name}-compose"

    @property
    def state(self) -> Path:
        """A folder for what a test writes; the target itself keeps nothing on this machine."""
        return self.root / ".scratch"

    def containers(self, role: str = "") -> list[dict[str, Any]]:
        """What the engine says of the stack's containers, of one role or of all."""
        wanted = [f"label=llmops.stack={self.stack}", *([f"label=llmops.role={role}"] * bool(role))]
        filters = [word for label in wanted for word in ("--filter", label)]
        ids = docker("ps", "--all", "--quiet", *filters).split()
        return json.loads(docker("inspect", *ids)) if ids else []

    def container(self, release: str) -> dict[str, Any]:
        """The newest container of a release."""
        found = [c for c in self.containers("api") if release == _release_of(c)]
        return max(found, key=lambda container: container["Created"])

    def gateway(self) -> str:
        """The id of the gateway's container."""
        [gateway] = self.containers("gateway")
        return gateway["Id"]

    def running(self) -> set[str]:
        """The releases that have a running container."""
        return {_release_of(c) for c in self.containers("api") if c["State"]["Running"]}

    def running_services(self) -> set[str]:
        """The services of the releases that are on record as running, one for each container."""
        return {
            c["Config"]["Labels"]["llmops.service"]
            for c in self.containers("api")
            if c["State"]["Running"]
        }

    def close(self) -> None:
        """Remove all that bears the project's name: containers, volumes, network, images."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"name={self.name}").split()
        if ids:
            docker("rm", "--force", "--volumes", *ids)
        for kind in ("volume", "network"):
            names = docker(kind, "ls", "--quiet", "--filter", f"name={self.name}").split()
            if names:
                docker(kind, "rm", *names)
        label = f"label=llmops.project={self.name}"
        images = docker("image", "ls", "--all", "--quiet", "--filter", label).split()
        if images:
            with contextlib.suppress(subprocess.CalledProcessError):
                docker("image", "rm", "--force", *sorted(set(images)))


def make_stack_project(root: Path, *, target: str = "", top: str = "") -> StackProject:
    """Write a project that deploys to this machine's engine, with its key set."""
    root.mkdir(parents=True, exist_ok=True)
    project = StackProject(root, free_port(), name=f"llmops-test-{secrets.token_hex(4)}")
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.write(
        "llmops.toml",
        f'name = "{project.name}"\n[api]\nsystem_prompt = "prompts/system.md"\n{top}\n'
        f"[checks]\nconfirmations = 3\n[targets.compose]\nport = {project.port}\n{target}\n",
    )
    project.write(".gitignore", ".scratch/\n")
    project.write("prompts/system.md", "You are brief.\n")
    project.state.mkdir()
    project.commit("First")
    project.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
    return project


@contextlib.contextmanager
def stack_project(root: Path, *, target: str = "", top: str = "") -> Iterator[StackProject]:
    """Make such a project; whatever it started and made is removed."""
    project: StackProject | None = None
    try:
        project = make_stack_project(root, target=target, top=top)
        yield project
    finally:
        if project is not None:
            project.close()


def docker(*arguments: str, input: bytes | None = None) -> str:
    """Run the engine's own program, and return what it writes."""
    done = subprocess.run(["docker", *arguments], input=input, capture_output=True, check=True)
    return done.stdout.decode()


def _release_of(container: dict[str, Any]) -> str:
    return json.loads(container["Config"]["Labels"]["llmops.record"])["id"]
