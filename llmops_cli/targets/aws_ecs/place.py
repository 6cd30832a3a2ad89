"""One service of ECS and how AWS is asked about it; reading, and nothing but reading."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.clouds.aws.account import Account
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.release import Release
from llmops_cli.core.target import ReferringStore
from llmops_cli.targets.aws_ecs.definition import CONTAINER, Shape
from llmops_cli.targets.aws_ecs.deployment import Deployment, deployment_from
from llmops_cli.targets.aws_ecs.revision import Revision, revision_from
from llmops_cli.targets.aws_ecs.service import Service, Task, service_from, task_from

#: What a question leaves behind; within a rollout, what was undone is told instead.
UNTOUCHED = "Nothing was changed: what was serving is serving still."
#: How many things AWS describes in one answer.
_PAGE = 100


@dataclass(frozen=True)
class Place:
    """A service: what the project file says of it, and the account that it belongs to.

    ``port`` is the one that its container listens on; ``is_ours`` says whether that is the
    embedded API, whose health routes are known; ``readiness_path`` is that of any image, if known.
    """

    account: Account
    configured: AwsTarget
    secrets: ReferringStore
    cluster: str
    name: str
    port: int
    is_ours: bool
    project: str
    readiness_path: str | None = None
    #: What asks a server that is not ours whether it lives, if that is known.
    probe: tuple[str, ...] = ()
    _revisions: dict[str, Revision] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ecs(self) -> Any:
        """What asks ECS."""
        return self.account.client("ecs")

    @property
    def family(self) -> str:
        """The family of the releases' task definitions."""
        return self.name

    @property
    def log_group(self) -> str:
        """The log group of CloudWatch that tasks write to."""
        return self.configured.log_group or f"/ecs/{self.project}"

    @property
    def is_blue_green(self) -> bool:
        """Whether a release is checked at a test listener before it has traffic."""
        return self.configured.test_url is not None

    @property
    def public_address(self) -> str:
        """The address that callers use, or nothing where the project file does not say."""
        return str(self.configured.public_url or "").rstrip("/")

    def shape(self, service: Service | None) -> Shape:
        """Return what a task definition takes from the project file and the service."""
        balancers = service.balancers if service else ()
        container = balancers[0].container if balancers else CONTAINER
        return Shape(
            configured=self.configured,
            family=self.family,
            container=container,
            port=self.port,
            log_group=self.log_group,
            region=self.account.region,
            is_ours=self.is_ours,
            reference=self.secrets.reference,
            probe=self.probe,
        )

    def read_service(self) -> Service | None:
        """Return the service, or None where there is none."""
        with self.account.told(f"read the service {self.name}", state=UNTOUCHED):
            try:
                answer = self.ecs.describe_services(cluster=self.cluster, services=[self.name])
            except self.ecs.exceptions.ClusterNotFoundException:
                return None
        found = [one for one in answer["services"] if one.get("status") != "INACTIVE"]
        return service_from(found[0]) if found else None

    def read_revision(self, arn: str) -> Revision | None:
        """Return a revision of a task definition; None where AWS does not know it any more."""
        known = self._revisions.get(arn)
        if known is not None:
            return known
        with self.account.told(f"read the task definition {arn}", state=UNTOUCHED):
            try:
                answer = self.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
            except self.ecs.exceptions.ClientException as error:
                if "Unable to describe" in str(error):
                    return None
                raise
        found = revision_from(answer)
        self._revisions[found.arn] = found
        return found

    def forget(self, arn: str) -> None:
        """Forget what was read of a revision, which has been given tags since, or was removed."""
        self._revisions.pop(arn, None)

    def list_revisions(self) -> Sequence[str]:
        """Return the ARNs of the revisions that can run, the newest first."""
        with self.account.told(f"list the task definitions of {self.family}", state=UNTOUCHED):
            pages = self.ecs.get_paginator("list_task_definitions").paginate(
                familyPrefix=self.family, status="ACTIVE", sort="DESC"
            )
            found = [arn for page in pages for arn in page["taskDefinitionArns"]]
        # The prefix is one of names as well: demo-two begins with demo.
        return [arn for arn in found if f"task-definition/{self.family}:" in arn]

    def stopped_with(self, service: Service) -> int:
        """Return how many tasks there were when an operator stopped them; 0 where nobody has."""
        revision = self.read_revision(service.definition) if not service.desired else None
        return revision.stopped_with if revision else 0

    def release_at(self, arn: str) -> Release | None:
        """Return the release that a revision runs."""
        revision = self.read_revision(arn) if arn else None
        return revision.release if revision else None

    def read_tasks(self, status: str = "RUNNING") -> list[Task]:
        """Return the tasks of the service; those that have ended are known for an hour."""
        with self.account.told(f"list the tasks of {self.name}", state=UNTOUCHED):
            listed = self.ecs.list_tasks(
                cluster=self.cluster,
                serviceName=self.name,
                desiredStatus=status,
                maxResults=_PAGE,
            )
            arns = listed["taskArns"]
            if not arns:
                return []
            answer = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)
        return [task_from(one) for one in answer["tasks"]]

    def list_deployments(self) -> list[str]:
        """Return the ARNs of the newest deployments of the service, the newest first."""
        return [one["serviceDeploymentArn"] for one in self._deployments()]

    def under_way(self) -> list[Deployment]:
        """Return the deployments that have not ended yet."""
        arns = [
            one["serviceDeploymentArn"]
            for one in self._deployments(
                "PENDING",
                "IN_PROGRESS",
                "STOP_REQUESTED",
                "ROLLBACK_REQUESTED",
                "ROLLBACK_IN_PROGRESS",
            )
        ]
        return list(self.read_deployments(arns))

    def read_deployments(self, arns: Sequence[str]) -> Iterator[Deployment]:
        """Yield deployments, with the task definition that each of them brings."""
        if not arns:
            return
        with self.account.told("read the deployment", state=UNTOUCHED):
            answer = self.ecs.describe_service_deployments(serviceDeploymentArns=list(arns))
        found = [deployment_from(one) for one in answer["serviceDeployments"]]
        revisions = list(dict.fromkeys(one.target for one in found if one.target))
        definitions = self._definitions(revisions)
        for one in found:
            yield one.bringing(definitions.get(one.target, ""))

    def read_deployment(self, arn: str) -> Deployment | None:
        """Return a deployment as it is now; None where AWS does not know it yet."""
        with self.account.told("read the deployment", state=UNTOUCHED):
            try:
                answer = self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
            except self.ecs.exceptions.ServiceDeploymentNotFoundException:
                return None
        found = answer["serviceDeployments"]
        return deployment_from(found[0]) if found else None

    def _deployments(self, *statuses: str) -> list[dict[str, Any]]:
        wanted = {"status": list(statuses)} if statuses else {}
        with self.account.told(f"list the deployments of {self.name}", state=UNTOUCHED):
            answer = self.ecs.list_service_deployments(
                cluster=self.cluster, service=self.name, maxResults=20, **wanted
            )
        found: list[dict[str, Any]] = answer["serviceDeployments"]
        return sorted(found, key=lambda one: one["createdAt"], reverse=True)

    def _definitions(self, revisions: Sequence[str]) -> dict[str, str]:
        if not revisions:
            return {}
        with self.account.told("read what the deployment brings", state=UNTOUCHED):
            answer = self.ecs.describe_service_revisions(serviceRevisionArns=list(revisions))
        return {
            one["serviceRevisionArn"]: str(one.get("taskDefinition") or "")
            for one in answer["serviceRevisions"]
        }

    @contextlib.contextmanager
    def changing(self, doing: str) -> Iterator[Any]:
        """Yield what changes ECS; what it raises is told in our words."""
        with self.account.told(doing):
            yield self.ecs
