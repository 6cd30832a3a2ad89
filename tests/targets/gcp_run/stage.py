"""A service, its secrets and a project, as tests use them together."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import Run
from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.project import GcpProject, make_gcp_project
from tests.fakes.gcp.run import Run as CloudRun

KIND = "gcp-run"


@dataclass
class Stage:
    """What a test looks at: the cloud and the service on it, and the project."""

    cloud: GcpCloud
    project: GcpProject

    @classmethod
    def new(cls, cloud: GcpCloud, root: Path, *, target: str = "", **lines: str) -> "Stage":
        """Make a project of one commit, with more lines of its target. There is no service."""
        return cls(cloud, make_gcp_project(root, cloud, KIND, target=target, **lines))

    @property
    def run(self) -> CloudRun:
        """Cloud Run, as the fake has it."""
        return self.cloud.run

    @property
    def commits(self) -> list[str]:
        """The release ids of the project's commits, the oldest first."""
        return [line[:12] for line in self.project.git("rev-list", "--reverse", "HEAD").split()]

    @property
    def traffic(self) -> dict[str, int]:
        """Who has the traffic, by release, and how many percent."""
        service = self.run.service
        assert service is not None
        shares = [one for one in service.shares if one.percent]
        return {
            service.revisions[one.revision].release or one.revision: one.percent for one in shares
        }

    @property
    def tags(self) -> list[str]:
        """The tags that give revisions addresses."""
        service = self.run.service
        return [one.tag for one in service.shares if one.tag] if service else []

    def configure(self, **lines: object) -> str:
        """Change keys of the target, and commit; return the release."""
        file = self.project.root / "llmops.toml"
        text = file.read_text()
        for key, value in lines.items():
            kept = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
            at = next(i for i, line in enumerate(kept) if line.startswith("location ="))
            kept.insert(at, f"{key} = {value}")
            text = "\n".join(kept) + "\n"
        file.write_text(text)
        return self.project.commit("Configure")

    def status(self) -> dict[str, Any]:
        """What `llmops status` says."""
        return self.project.ok("status", "--json").document


@dataclass
class Seed:
    """What is copied for every test: the service, the secrets, the bucket, the project's folder."""

    run: dict[str, Any]
    secrets: dict[str, Any]
    objects: Any
    project: GcpProject

    @classmethod
    def of(cls, stage: Stage) -> "Seed":
        """Take what there is now."""
        cloud = stage.cloud
        return cls(
            cloud.run.seeded(),
            copy.deepcopy(cloud.secrets.kept),
            copy.deepcopy(cloud.storage.objects),
            stage.project,
        )

    def copy(self, root: Path, cloud: GcpCloud) -> Stage:
        """Return a copy of it, in which the releases answer already."""
        cloud.secrets.kept = copy.deepcopy(self.secrets)
        cloud.storage.objects = copy.deepcopy(self.objects)
        project = self.project.copy(root, cloud)
        cloud.run.seed(self.run)
        return Stage(cloud, project)


def error_of(run: Run) -> dict[str, str]:
    """The error that a command ended with."""
    found: dict[str, str] = run.document["error"]
    return found
