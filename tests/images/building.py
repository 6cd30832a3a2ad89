"""Projects whose images are built on a real engine, and containers that run them; all removed."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops_cli.config.load import load
from llmops_cli.core.image import BuildOptions, Image, Images, quiet
from llmops_cli.core.release import Release, release_id
from llmops_cli.engine.docker import Engine
from llmops_cli.images.builder import Kind
from llmops_cli.images.embedded import Embedded
from llmops_cli.images.making import images_of
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.source import open_source
from tests.images.small import unique
from tests.project import API_KEY, Project, free_port, make_project

ENGINE = Engine()
#: How a container is run where nobody trusts it.
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")


def docker(*arguments: str) -> str:
    """Run a docker command that must succeed, and return what it prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Making:
    """A project, and what makes its images."""

    project: Project
    engine: Engine

    @property
    def images(self) -> Images:
        config = load(self.project.root)
        secrets = FileStore(self.project.state / "secrets")
        return images_of(config, self.project.root, self.engine, secrets)

    @property
    def release(self) -> Release:
        """The release of the newest commit."""
        commit = open_source(self.project.root).commit()
        identity = release_id(commit.sha)
        return Release(identity, commit.sha, commit.tree, commit.committed_at, commit.subject)

    def build(
        self, tell: Callable[[str], None] = quiet, *, use_cache: bool = True, **options: str
    ) -> Image:
        return self.images.build(self.release, BuildOptions(use_cache=use_cache, **options), tell)

    def options(self, **options: str) -> BuildOptions:
        return BuildOptions(**options)

    def write_context(self, folder: Path) -> None:
        """Write what a build of the embedded API sends to the builder."""
        contents = Embedded(load(self.project.root), open_source(self.project.root))
        contents.write(self.release, Kind.BUILDKIT, folder)


@contextmanager
def making(
    root: Path, engine: Engine = ENGINE, *, image: str = "", api: str = ""
) -> Iterator[Making]:
    """Write a project with a target that runs images; remove its images at the end."""
    project = make_project(root)
    name = unique()
    project.write(
        "llmops.toml",
        f'name = "{name}"\n[api]\nsystem_prompt = "prompts/system.md"\n{api}\n'
        f"[image]\n{image}\n[targets.compose]\nport = {project.port}\n",
    )
    project.commit("Run as containers")
    try:
        yield Making(project, engine)
    finally:
        mine = docker("image", "ls", "-q", "--filter", f"label=llmops.project={name}").split()
        subprocess.run(["docker", "rmi", "-f", *mine], capture_output=True, check=False)


@dataclass
class Container:
    """A container that runs, and the address at which it answers."""

    name: str
    url: str

    def inspect(self) -> dict[str, Any]:
        return json.loads(docker("container", "inspect", self.name))[0]

    def run(self, *command: str) -> str:
        return docker("exec", self.name, *command)

    @property
    def health(self) -> str:
        return str(self.inspect()["State"]["Health"]["Status"])

    @property
    def logs(self) -> str:
        done = subprocess.run(
            ["docker", "logs", self.name], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr


@contextmanager
def running(
    image: str, folder: Path, *options: str, container_port: int = 8000
) -> Iterator[Container]:
    """Run an image as nobody in particular, with a fresh volume for its data and a file for its
    key; remove all of it at the end.
    """
    key = folder / "key"
    key.write_text(API_KEY)
    key.chmod(0o444)
    name, port = unique(), free_port()
    try:
        docker(
            *("run", "--detach", "--name", name, *HARDENED),
            *("--volume", f"{name}:/data", "--volume", f"{key}:/run/secrets/key:ro"),
            *("--env", "LLMOPS_API_KEY_FILE=/run/secrets/key"),
            *("--publish", f"127.0.0.1:{port}:{container_port}", *options, image),
        )
        yield Container(name, f"http://127.0.0.1:{port}")
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
        subprocess.run(["docker", "volume", "rm", name], capture_output=True, check=False)


def layers(image: Image) -> list[str]:
    """The digests of an image's layers, from the base up."""
    found = docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image.id)
    return list(json.loads(found))


def files(image: Image) -> set[str]:
    """The paths of all files in an image."""
    name = docker("create", image.id)
    try:
        listed = subprocess.run(
            f"docker export {name} | tar -t", shell=True, capture_output=True, text=True, check=True
        )
    finally:
        docker("rm", name)
    return {f"/{line}" for line in listed.stdout.splitlines()}


def without_buildx(folder: Path) -> Path:
    """Return a docker program without that plugin, as older systems have it."""
    program = folder / "docker-without-buildx"
    program.write_text('#!/bin/sh\n[ "$1" = buildx ] && exit 1\nexec docker "$@"\n')
    program.chmod(0o755)
    return program
