"""A fake ECS with the cluster ``demo`` and the service ``demo`` behind a load balancer."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.aws.ecs_definitions import Definitions
from tests.fakes.aws.ecs_revision import Revision
from tests.fakes.aws.ecs_service import Service
from tests.fakes.aws.ecs_task import Launcher, Manner, Task
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.place import Place
from tests.fakes.aws.secrets import Secrets
from tests.fakes.aws.wire import RefusedError
from tests.fakes.containers import Containers
from tests.fakes.fronts import Shares

Body = dict[str, Any]
_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
PLACEHOLDER: Body = {
    "family": "demo",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/demo-execution",
    "containerDefinitions": [
        {
            "name": "api",
            "image": "public.ecr.aws/docker/library/busybox@sha256:" + "0" * 64,
            "essential": True,
            "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
        }
    ],
}


class Ecs:
    """Cluster, service, task definitions and tasks. ``manners`` are those of releases' tasks."""

    #: As Application Auto Scaling names the service.
    resource = "service/demo/demo"

    def __init__(self, containers: Containers, place: Place, secrets: Secrets) -> None:
        self.launcher = Launcher(containers, secrets)
        self.definitions = Definitions()
        self.service = self._made(is_native=True)
        place.public.route = self._shares
        place.test.route = self._test_shares
        self.public_url = f"https://{place.public.host}"
        self.test_url = f"https://{place.test.host}"

    def _shares(self) -> Shares:
        return self.service.shares()

    def _test_shares(self) -> Shares:
        return self.service.test_shares()

    @property
    def manners(self) -> dict[str, Manner]:
        """What the tasks of a release do besides what their image does, by its id."""
        return self.launcher.manners

    @property
    def tasks(self) -> dict[str, Task]:
        """All tasks that there ever were, by id."""
        return self.launcher.started

    @property
    def serving(self) -> str | None:
        """The release that has all the traffic; None where it is shared, or nobody's."""
        carrying = [one for one in self.service.revisions if one.is_in_production and one.healthy]
        releases = {one.release for one in carrying}
        return releases.pop() if len(releases) == 1 else None

    @property
    def lag(self) -> int:
        """To how many requests nobody answers after the traffic has moved."""
        return self.service.lag

    @lag.setter
    def lag(self, requests: int) -> None:
        self.service.lag = requests

    def make_rolling(self) -> None:
        """Let the service have no test listener, so that releases roll."""
        self.service = self._made(is_native=False)

    def revision_of(self, release: str) -> Revision:
        """Return the newest revision of a release."""
        return [one for one in self.service.revisions if one.release == release][-1]

    def deploy_by_hand(self, release: str) -> None:
        """Let somebody else deploy the task definition of a release, as with the console."""
        definition = self.revision_of(release).definition
        self.service.change({"forceNewDeployment": True}, definition)

    def settle(self, ticks: int = 12) -> None:
        """Let time pass, as if somebody looked that often."""
        for _ in range(ticks):
            self.service.tick()

    def _made(self, *, is_native: bool) -> Service:
        placeholder = self.definitions.add(PLACEHOLDER)
        return Service(self.launcher, placeholder, is_native=is_native)

    def seeded(self) -> Body:
        """Return all that there is of the service, for another test to begin with. It is steady."""
        revisions = [
            (one.number, one.definition["taskDefinitionArn"], one.desired, one.deployment)
            for one in self.service.revisions
        ]
        return copy.deepcopy(
            {
                "definitions": self.definitions,
                "document": self.service.document,
                "is_native": self.service.is_native,
                "revisions": revisions,
                "primary": self.service.primary.number,
            }
        )

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another service had."""
        kept = copy.deepcopy(dict(state))
        self.definitions = kept["definitions"]
        service = Service(self.launcher, {}, kept["document"], is_native=kept["is_native"])
        for number, arn, desired, deployment in kept["revisions"]:
            made = Revision(number, self.definitions.kept[arn], desired, deployment=deployment)
            made.rollout, made.reason = "COMPLETED", "ECS deployment completed."
            service.revisions.append(made)
        # What runs is the latest one, as `primary` has it where there was no rollout.
        service.revisions.sort(key=lambda one: one.number == kept["primary"])
        service.primary.is_in_production = True
        self.service = service
        service.tick()
        service.tick()

    def targets(self, group: str) -> list[tuple[str, int, str, str]]:
        """Return the targets of a target group: address, port, state, and why."""
        found = []
        for revision in self.service.current:
            for task in revision.tasks:
                if task.is_healthy:
                    found.append((task.address, 8000, "healthy", ""))
                elif task.manner in ("target unhealthy", "forgiven"):
                    reason = (
                        "Target.FailedHealthChecks: Health checks failed with these codes: [503]"
                    )
                    found.append((task.address, 8000, "unhealthy", reason))
                else:
                    why = "Elb.RegistrationInProgress: Target registration is in progress"
                    found.append((task.address, 8000, "initial", why))
        return found

    def handlers(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return the operations of ECS by their names."""
        of_definitions = {name: _late(self, name) for name in self.definitions.handlers()}
        return {
            **of_definitions,
            "DescribeClusters": self._clusters,
            "DescribeServices": self._services,
            "UpdateService": self._update,
            "ListServiceDeployments": self._list_rollouts,
            "DescribeServiceDeployments": self._rollouts,
            "DescribeServiceRevisions": self._revisions,
            "ContinueServiceDeployment": self._continue,
            "StopServiceDeployment": self._stop,
            "ListTasks": self._list_tasks,
            "DescribeTasks": self._tasks,
            "ListServices": self._list_services,
            "StopTask": self._stop_task,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def _clusters(self, body: Body) -> Body:
        found, missing = [], []
        for name in body.get("clusters") or ["default"]:
            arn = name if name.startswith("arn:") else f"{_ARN}cluster/{name}"
            if arn == f"{_ARN}cluster/demo":
                found.append({"clusterArn": arn, "clusterName": "demo", "status": "ACTIVE"})
            else:
                missing.append({"arn": arn, "reason": "MISSING"})
        return {"clusters": found, "failures": missing}

    def _services(self, body: Body) -> Body:
        _require_cluster(body)
        found, missing = [], []
        for name in body["services"]:
            if name.rpartition("/")[2] == "demo":
                found.append(self.service.described())
                if "TAGS" in (body.get("include") or []):
                    found[-1] = {**found[-1], "tags": self.service.tags}
            else:
                missing.append({"arn": f"{_ARN}service/demo/{name}", "reason": "MISSING"})
        return {"services": found, "failures": missing}

    def _list_services(self, body: Body) -> Body:
        _require_cluster(body)
        return {"serviceArns": [f"{_ARN}service/demo/demo"]}

    def _update(self, body: Body) -> Body:
        _require_cluster(body)
        _require_service(body["service"])
        named = body.get("taskDefinition")
        definition = self.definitions.found(named) if named else self.service.primary.definition
        return {"service": self.service.change(body, definition)}

    def _list_rollouts(self, body: Body) -> Body:
        _require_cluster(body)
        _require_service(body["service"])
        wanted = body.get("status")
        after = (body.get("createdAt") or {}).get("after", 0)
        found = [
            one.brief()
            for one in reversed(self.service.rollouts)
            if (not wanted or one.status in wanted) and one.created >= after
        ]
        return {"serviceDeployments": found[: body.get("maxResults", 20)]}

    def _rollouts(self, body: Body) -> Body:
        self.service.tick()
        found, missing = [], []
        for arn in body["serviceDeploymentArns"]:
            shown = [one.document() for one in self.service.rollouts if one.arn == arn]
            found += shown
            missing += [] if shown else [{"arn": arn, "reason": "MISSING"}]
        return {"serviceDeployments": found, "failures": missing}

    def _revisions(self, body: Body) -> Body:
        found, missing = [], []
        for arn in body["serviceRevisionArns"]:
            shown = [_revision(one) for one in self.service.revisions if one.arn == arn]
            found += shown
            missing += [] if shown else [{"arn": arn, "reason": "MISSING"}]
        return {"serviceRevisions": found, "failures": missing}

    def _continue(self, body: Body) -> Body:
        for one in self.service.rollouts:
            if one.arn == body["serviceDeploymentArn"]:
                one.continue_at(body["hookId"], body.get("action", "CONTINUE"))
                return {"serviceDeploymentArn": one.arn}
        raise RefusedError("ServiceDeploymentNotFoundException", "Service deployment not found.")

    def _stop(self, body: Body) -> Body:
        for one in self.service.rollouts:
            if one.arn == body["serviceDeploymentArn"]:
                one.stop(body.get("stopType", "ROLLBACK"))
                return {"serviceDeploymentArn": one.arn}
        raise RefusedError("ServiceDeploymentNotFoundException", "Service deployment not found.")

    def _list_tasks(self, body: Body) -> Body:
        _require_cluster(body)
        if "startedBy" in body and ("serviceName" in body or "family" in body):
            said = "When you specify startedBy as the filter, it must be the only filter you use."
            raise RefusedError("InvalidParameterException", said)
        if "serviceName" in body:
            _require_service(body["serviceName"])
        is_stopped = body.get("desiredStatus", "RUNNING") == "STOPPED"
        started_by, family = body.get("startedBy"), body.get("family")
        found = [
            one.arn
            for one in reversed(self.tasks.values())
            if bool(one.stop) == is_stopped
            and started_by in (None, one.started_by)
            and family in (None, one.definition["family"])
        ]
        return {"taskArns": found[: body.get("maxResults", 100)]}

    def _tasks(self, body: Body) -> Body:
        _require_cluster(body)
        found, missing = [], []
        for name in body["tasks"]:
            task = self.tasks.get(name.rpartition("/")[2])
            if task is None:
                missing.append({"arn": name, "reason": "MISSING"})
            else:
                found.append(task.document())
        return {"tasks": found, "failures": missing}

    def _stop_task(self, body: Body) -> Body:
        task = self.tasks.get(body["task"].rpartition("/")[2])
        if task is None:
            raise RefusedError("InvalidParameterException", "The referenced task was not found.")
        task.end(body.get("reason", "Task stopped by user"))
        return {"task": task.document()}

    def _tag(self, body: Body) -> Body:
        tags = self._tags_of(body["resourceArn"])
        new = {one["key"] for one in body["tags"]}
        tags[:] = [*(one for one in tags if one["key"] not in new), *body["tags"]]
        if len(tags) > 50:
            raise RefusedError("InvalidParameterException", "Too many tags.")
        return {}

    def _untag(self, body: Body) -> Body:
        tags = self._tags_of(body["resourceArn"])
        tags[:] = [one for one in tags if one["key"] not in body["tagKeys"]]
        return {}

    def _list_tags(self, body: Body) -> Body:
        return {"tags": self._tags_of(body["resourceArn"])}

    def _tags_of(self, arn: str) -> list[Body]:
        if arn == f"{_ARN}service/demo/demo":
            return self.service.tags
        if arn not in self.definitions.tags:
            said = "The specified resource is not found."
            raise RefusedError("InvalidParameterException", said)
        return self.definitions.tags[arn]


def _late(ecs: Ecs, name: str) -> Callable[[Body], Body]:
    """Ask the definitions that are there when asked: a seed puts others in their place."""

    def asked(body: Body) -> Body:
        return ecs.definitions.handlers()[name](body)

    return asked


def _revision(one: Revision) -> Body:
    image = one.definition["containerDefinitions"][0]["image"]
    return {
        "serviceRevisionArn": one.arn,
        "serviceArn": f"{_ARN}service/demo/demo",
        "clusterArn": f"{_ARN}cluster/demo",
        "taskDefinition": one.definition["taskDefinitionArn"],
        "launchType": "FARGATE",
        "containerImages": [
            {"containerName": "api", "image": image, "imageDigest": image.partition("@")[2]}
        ],
        "createdAt": 1_790_000_000.0,
    }


def _require_cluster(body: Body) -> None:
    if body.get("cluster", "default").rpartition("/")[2] != "demo":
        raise RefusedError("ClusterNotFoundException", "Cluster not found.")


def _require_service(name: str) -> None:
    if name.rpartition("/")[2] != "demo":
        raise RefusedError("ServiceNotFoundException", "Service not found.")
