"""An endpoint of the fake Vertex AI and a project, as tests use them together."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.project import GcpProject, make_gcp_project
from tests.project import Run

KIND = "gcp"
_TARGET = "drain_seconds = 5\ncanary_percent = 20\n"


@dataclass
class Stage:
    """What a test looks at: the cloud with Vertex AI in it, and the project."""

    cloud: GcpCloud
    project: GcpProject = field(init=False)

    @classmethod
    def new(cls, cloud: GcpCloud, root: Path, *, target: str = "", **options: Any) -> "Stage":
        """Make a project of one commit on a cloud, with more lines of its target."""
        stage = cls(cloud)
        stage.project = make_gcp_project(root, cloud, KIND, target=_TARGET + target, **options)
        return stage

    @property
    def serving(self) -> str | None:
        """The release that has all the traffic, by the cloud's word; None where it is shared."""
        return self.cloud.vertex.serving

    @property
    def commits(self) -> list[str]:
        """The release ids of the project's commits, the oldest first."""
        return [line[:12] for line in self.project.git("rev-list", "--reverse", "HEAD").split()]

    def configure(self, **lines: object) -> str:
        """Change keys of the target, and commit; return the release."""
        file = self.project.root / "llmops.toml"
        text = file.read_text()
        for key, value in lines.items():
            kept = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
            at = next(i for i, line in enumerate(kept) if line.startswith("service_account ="))
            kept.insert(at, f"{key} = {value}")
            text = "\n".join(kept) + "\n"
        file.write_text(text)
        return self.project.commit("Configure")

    def status(self) -> dict[str, Any]:
        """What `llmops status` says."""
        return self.project.ok("status", "--json").document


@dataclass
class Seed:
    """What is copied for every test: Vertex AI, bucket, secrets, images, the project's folder."""

    vertex: Any
    storage: Any
    secrets: Any
    images: Any
    project: GcpProject

    @classmethod
    def of(cls, stage: Stage) -> "Seed":
        """Take what there is now."""
        cloud = stage.cloud
        return cls(
            cloud.vertex.seeded(),
            cloud.storage.seeded(),
            cloud.secrets.seeded(),
            copy.deepcopy(cloud.registry.contents),
            stage.project,
        )

    def copy(self, root: Path, cloud: GcpCloud) -> Stage:
        """Return a copy of it, in which the releases answer already."""
        cloud.registry.contents = copy.deepcopy(self.images)
        cloud.storage.seed(self.storage)
        cloud.secrets.seed(self.secrets)
        stage = Stage(cloud)
        stage.project = self.project.copy(root, cloud)
        cloud.vertex.seed(self.vertex)
        return stage


def error_of(run: Run) -> dict[str, str]:
    """The error that a command ended with."""
    found: dict[str, str] = run.document["error"]
    return found
