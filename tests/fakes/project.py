"""A project that is deployed to a fake cloud, as a user has one."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from tests.commands import Run
from tests.fakes.containers import Containers, Files
from tests.project import Project

#: Commits have a second each, from here on: the same project has the same releases in every test.
_FIRST = 1_790_000_000
APP = "demo"


class Cloud(Protocol):
    """What a project needs of a fake cloud."""

    containers: Containers

    def environment(self) -> dict[str, str]: ...
    def counting(self) -> "AbstractContextManager[Counter[str]]": ...


class Images(Protocol):
    """A registry that images are put into."""

    @property
    def host(self) -> str: ...
    def put_image(self, name: str, tag: str, labels: Mapping[str, str]) -> str: ...


@dataclass(kw_only=True)
class CloudProject(Project):
    """A project folder with a target in a cloud.

    Its images are in the registry already, as another machine may have pushed them: no engine is
    needed. Commits are the same in every test that makes the same ones.
    """

    #: How names of variables begin that would lead its commands to a cloud which is not the fake.
    foreign: ClassVar[tuple[str, ...]] = ()

    commits: int = 0
    #: Release ids to the images that they run.
    images: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> Cloud:
        """The cloud."""
        raise NotImplementedError

    @property
    def shelf(self) -> Images:
        """The registry of its images."""
        raise NotImplementedError

    @property
    def image_name(self) -> str:
        """The name of its images in the registry."""
        return APP

    @property
    def repository(self) -> str:
        """Where its images are."""
        return f"{self.shelf.host}/{self.image_name}"

    def begin(self, file: str) -> None:
        """Make the first commit, with this project file."""
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Tester")
        self.git("config", "user.email", "tester@example.invalid")
        self.write("llmops.toml", file)
        self.write(".gitignore", ".llmops/\n")
        self.write("prompts/system.md", "You are brief.\n")
        self.commit("First")

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        foreign = (*self.foreign, "LLMOPS_", "GIT_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        return {**kept, **self.environment}

    def git(self, *arguments: str) -> str:
        moment = f"{_FIRST + self.commits} +0000"
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**self.variables(), **dates},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "Change") -> str:
        """Commit everything, put the image of it into the registry, and return its release id."""
        self.commits += 1
        release = super().commit(message)
        self.publish()
        return release

    def publish(self, revision: str = "HEAD") -> str:
        """Put an image of a commit into the registry, and return its reference.

        Containers of it run in a folder with the commit's files.
        """
        commit, tree = self.git("rev-parse", revision, f"{revision}^{{tree}}").split()
        labels = {"org.opencontainers.image.revision": commit, "llmops.tree": tree}
        digest = self.shelf.put_image(self.image_name, commit[:12], labels)
        reference = f"{self.repository}@{digest}"
        self.where.containers.files[reference] = Files(
            tree, lambda folder: self.export(tree, folder)
        )
        self.images[commit[:12]] = reference
        return reference

    def export(self, tree: str, folder: Path) -> None:
        """Write the files of a tree into a folder."""
        index = {**self.variables(), "GIT_INDEX_FILE": str(folder.with_suffix(".index"))}
        for command in (["read-tree", tree], ["checkout-index", "-a", f"--prefix={folder}/"]):
            subprocess.run(["git", *command], cwd=self.root, env=index, check=True)

    def asked(self, *arguments: str) -> tuple[Run, Counter[str]]:
        """Run a command that must succeed; also return what it asked of the cloud, how often."""
        with self.where.counting() as counted:
            run = self.ok(*arguments)
        return run, counted

    def moved(self, root: Path, cloud: Cloud, **more: Any) -> Self:
        """Return a copy of it elsewhere, with another cloud at the same address.

        Its images are put into the registry.
        """
        shutil.copytree(self.root, root)
        copied = replace(
            self, root=root, environment=cloud.environment(), cloud=cloud, images={}, **more
        )
        for release in self.images:
            copied.publish(release)
        return copied
