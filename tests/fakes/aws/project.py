"""A project that is deployed to the fake AWS, as a user has one."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.fakes.aws.cloud import BUCKET, AwsCloud
from tests.fakes.aws.ecr import Ecr
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.project import APP, CloudProject

KIND = "aws"
__all__ = ["APP", "KIND", "AwsProject", "make_aws_project"]


@dataclass(kw_only=True)
class AwsProject(CloudProject):
    """A project folder with a target ``aws``."""

    foreign: ClassVar[tuple[str, ...]] = ("AWS_",)

    cloud: AwsCloud

    @property
    def where(self) -> AwsCloud:
        return self.cloud

    @property
    def shelf(self) -> Ecr:
        return self.cloud.ecr

    def copy(self, root: Path, cloud: AwsCloud) -> "AwsProject":
        """Return a copy of it elsewhere, with another cloud at the same place."""
        return self.moved(root, cloud)


def make_aws_project(
    root: Path, cloud: AwsCloud, *, target: str = "", api: str = "", top: str = ""
) -> AwsProject:
    """Write a project that deploys as it is; the last three are extra lines of its file.

    A line ``test_url = ""`` of the target lets its releases roll.
    """
    root.mkdir(parents=True, exist_ok=True)
    project = AwsProject(root=root, port=0, environment=cloud.environment(), cloud=cloud)
    project.begin(_file(cloud, target=target, api=api, top=top))
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
