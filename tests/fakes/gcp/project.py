"""A project that is deployed to the fake Google Cloud, as a user has one."""

import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands import Run
from tests.fakes.containers import Files
from tests.fakes.gcp.cloud import GcpCloud
from tests.project import API_KEY, Project

#: Commits have a second each, from here on: the same project has the same releases in every test.
_FIRST = 1_790_000_000
APP = "demo"
#: Nothing of another cloud may be in the environment of a command.
_FOREIGN = ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "GCE_", "GRPC_", "LLMOPS_", "GIT_")


@dataclass(kw_only=True)
class GcpProject(Project):
    """A project folder with a target of a kind on Google Cloud, named as the kind is.

    Its images are in the registry already, as another machine may have pushed them: no engine is
    needed. Commits are the same in every test that makes the same ones.
    """

    cloud: GcpCloud
    kind: str
    commits: int = 0
    #: Release ids to the images that they run.
    images: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
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
        registry = self.cloud.registry
        digest = registry.put_image(f"{self.cloud.project}/{APP}/{APP}", commit[:12], labels)
        reference = f"{self.repository}@{digest}"
        self.cloud.containers.files[reference] = Files(
            tree, lambda folder: self.export(tree, folder)
        )
        self.images[commit[:12]] = reference
        return reference

    @property
    def repository(self) -> str:
        """Where its images are."""
        return f"{self.cloud.registry.host}/{self.cloud.project}/{APP}/{APP}"

    def export(self, tree: str, folder: Path) -> None:
        """Write the files of a tree into a folder."""
        index = {**self.variables(), "GIT_INDEX_FILE": str(folder.with_suffix(".index"))}
        for command in (["read-tree", tree], ["checkout-index", "-a", f"--prefix={folder}/"]):
            subprocess.run(["git", *command], cwd=self.root, env=index, check=True)

    def asked(self, *arguments: str) -> tuple[Run, Counter[str]]:
        """Run a command that must succeed; also return what it asked of Google, how often."""
        with self.cloud.counting() as counted:
            run = self.ok(*arguments)
        return run, counted

    def copy(self, root: Path, cloud: GcpCloud) -> "GcpProject":
        """Return a copy of it elsewhere, with another cloud at the same address.

        Its images are put into the registry.
        """
        shutil.copytree(self.root, root)
        copied = GcpProject(
            root=root,
            port=0,
            environment=cloud.environment(),
            cloud=cloud,
            kind=self.kind,
            commits=self.commits,
        )
        for release in self.images:
            copied.publish(release)
        return copied


def make_gcp_project(
    root: Path,
    cloud: GcpCloud,
    kind: str = "gcp",
    *,
    target: str = "",
    api: str = "",
    top: str = "",
) -> GcpProject:
    """Write a project that deploys as it is; the last three are extra lines of its file.

    Waits are short. The key of the API is in Secret Manager.
    """
    root.mkdir(parents=True, exist_ok=True)
    project = GcpProject(root=root, port=0, environment=cloud.environment(), cloud=cloud, kind=kind)
    cloud.secrets.put(f"{APP}-LLMOPS_API_KEY", API_KEY)
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.write("llmops.toml", _file(project, target=target, api=api, top=top))
    project.write(".gitignore", ".llmops/\n")
    project.write("prompts/system.md", "You are brief.\n")
    project.commit("First")
    return project


def _file(project: GcpProject, *, target: str, api: str, top: str) -> str:
    cloud = project.cloud
    return f"""name = "{APP}"
{top}
[image]
repository = "{project.repository}"

[api]
system_prompt = "prompts/system.md"
{api}

[checks]
confirmations = 3

[targets.{project.kind}]
project = "{cloud.project}"
location = "{cloud.location}"
bucket = "{cloud.storage.bucket}"
service_account = "chat-run@{cloud.project}.iam.gserviceaccount.com"
operation_seconds = 20
ready_seconds = 15
{target}

{cloud.endpoints_toml(project.kind)}"""
