"""A project that is deployed to the fake AWS, as a user has one."""

import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands import Run
from tests.fakes.aws.cloud import BUCKET, AwsCloud
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.containers import Files
from tests.project import Project

#: Commits have a second each, from here on: the same project has the same releases in every test.
_FIRST = 1_790_000_000
APP = "demo"
KIND = "aws"


@dataclass(kw_only=True)
class AwsProject(Project):
    """A project folder with a target ``aws``.

    Its images are in the registry already, as another machine may have pushed them: no engine is
    needed. Commits are the same in every test that makes the same ones.
    """

    cloud: AwsCloud
    commits: int = 0
    #: Release ids to the images that they run.
    images: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The environment of its commands: nothing of another AWS is in it."""
        foreign = ("AWS_", "LLMOPS_", "GIT_")
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
        digest = self.cloud.ecr.put_image(APP, commit[:12], labels)
        reference = f"{self.cloud.ecr.host}/{APP}@{digest}"
        self.cloud.containers.files[reference] = Files(
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
        """Run a command that must succeed; also return what it asked of AWS, how often."""
        with self.cloud.counting() as counted:
            run = self.ok(*arguments)
        return run, counted

    def copy(self, root: Path, cloud: AwsCloud) -> "AwsProject":
        """Return a copy of it elsewhere, with another cloud at the same place.

        Its images are put into the registry.
        """
        shutil.copytree(self.root, root)
        copied = AwsProject(
            root=root, port=0, environment=cloud.environment(), cloud=cloud, commits=self.commits
        )
        for release in self.images:
            copied.publish(release)
        return copied


def make_aws_project(
    root: Path, cloud: AwsCloud, *, target: str = "", api: str = "", top: str = ""
) -> AwsProject:
    """Write a project that deploys as it is; the last three are extra lines of its file.

    A line ``test_url = ""`` of the target lets its releases roll.
    """
    root.mkdir(parents=True, exist_ok=True)
    project = AwsProject(root=root, port=0, environment=cloud.environment(), cloud=cloud)
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.write("llmops.toml", _file(cloud, target=target, api=api, top=top))
    project.write(".gitignore", ".llmops/\n")
    project.write("prompts/system.md", "You are brief.\n")
    project.commit("First")
    return project


def _file(cloud: AwsCloud, *, target: str, api: str, top: str) -> str:
    test = f'test_url = "{cloud.ecs.test_url}"\n' if cloud.ecs.service.is_native else ""
    return f"""name = "{APP}"
{top}
[image]
repository = "{cloud.ecr.host}/{APP}"

[api]
system_prompt = "prompts/system.md"
{api}

[checks]
confirmations = 3

[targets.{KIND}]
region = "{REGION}"
account = "{ACCOUNT}"
bucket = "{BUCKET}"
execution_role = "arn:aws:iam::{ACCOUNT}:role/demo-execution"
task_role = "arn:aws:iam::{ACCOUNT}:role/demo-task"
public_url = "{cloud.ecs.public_url}"
{test}operation_seconds = 20
ready_seconds = 30
{target}
"""
