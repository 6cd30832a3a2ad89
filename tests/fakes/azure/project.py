"""A project that is deployed to the fake Azure, as a user has one."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.entra import TENANT
from tests.fakes.azure.registry import Registry
from tests.fakes.project import APP, CloudProject

GROUP = "rg-demo"
__all__ = ["APP", "GROUP", "AzureProject", "make_azure_project"]


@dataclass(kw_only=True)
class AzureProject(CloudProject):
    """A project folder with a target of a kind on Azure, named as the kind is."""

    foreign: ClassVar[tuple[str, ...]] = ("AZURE_", "ARM_", "IDENTITY_", "MSI_")

    cloud: AzureCloud
    registry: Registry
    kind: str

    @property
    def where(self) -> AzureCloud:
        return self.cloud

    @property
    def shelf(self) -> Registry:
        return self.registry

    def copy(self, root: Path, cloud: AzureCloud, registry: Registry) -> "AzureProject":
        """Return a copy of it elsewhere, with another cloud at the same address."""
        return self.moved(root, cloud, registry=registry)


def make_azure_project(
    root: Path,
    cloud: AzureCloud,
    registry: Registry,
    *,
    kind: str,
    target: str = "",
    api: str = "",
    top: str = "",
) -> AzureProject:
    """Write a project that deploys as it is; the last three are extra lines of its file.

    Waits are short. The vault is at the cloud's own address.
    """
    root.mkdir(parents=True, exist_ok=True)
    project = AzureProject(
        root=root,
        port=0,
        environment=cloud.environment(),
        cloud=cloud,
        registry=registry,
        kind=kind,
    )
    project.begin(_file(project, target=target, api=api, top=top))
    return project


def _file(project: AzureProject, *, target: str, api: str, top: str) -> str:
    cloud = project.cloud
    return f"""name = "{APP}"
{top}
[image]
repository = "{project.registry.host}/{APP}"

[api]
system_prompt = "prompts/system.md"
{api}

[checks]
confirmations = 3

[targets.{project.kind}]
tenant = "{TENANT}"
subscription = "{cloud.subscription}"
resource_group = "{GROUP}"
app = "{APP}"
key_vault = "{cloud.url}"
operation_seconds = 20
ready_seconds = 15
{target}

{cloud.endpoints_toml(project.kind)}"""
