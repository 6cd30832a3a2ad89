"""A project that is deployed to the fake Google Cloud, as a user has one."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.registry import Registry
from tests.fakes.project import APP, CloudProject
from tests.project import API_KEY

__all__ = ["APP", "GcpProject", "make_gcp_project"]


@dataclass(kw_only=True)
class GcpProject(CloudProject):
    """A project folder with a target of a kind on Google Cloud, named as the kind is."""

    foreign: ClassVar[tuple[str, ...]] = ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "GCE_", "GRPC_")

    cloud: GcpCloud
    kind: str

    @property
    def where(self) -> GcpCloud:
        return self.cloud

    @property
    def shelf(self) -> Registry:
        return self.cloud.registry

    @property
    def image_name(self) -> str:
        return f"{self.cloud.project}/{APP}/{APP}"

    def copy(self, root: Path, cloud: GcpCloud) -> "GcpProject":
        """Return a copy of it elsewhere, with another cloud at the same address."""
        return self.moved(root, cloud)


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
    project.begin(_file(project, target=target, api=api, top=top))
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
