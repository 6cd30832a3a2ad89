"""A revision of the fake service: a task definition as the service runs it, and its tasks."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.ecs_task import SCALED_IN, Launcher, Task, plain_environment
from tests.fakes.aws.identity import ACCOUNT, REGION


@dataclass
class Revision:
    """One revision. ``number`` is in its ARN, and in the id of its deployment.

    ``rollout`` and ``reason`` are those of its deployment; ``failures`` are its tasks that failed.
    """

    number: int
    definition: dict[str, Any]
    desired: int = 0
    rollout: str = "IN_PROGRESS"
    reason: str = "ECS deployment in progress."
    deployment: str = ""
    tasks: list[Task] = field(default_factory=list)
    failures: int = 0
    is_in_production: bool = False

    def __post_init__(self) -> None:
        self.deployment = self.deployment or f"ecs-svc/{self.number}"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-revision/demo/demo/{self.number}"

    @property
    def release(self) -> str | None:
        """The release of ours that it runs."""
        return plain_environment(self.definition).get("LLMOPS_RELEASE")

    @property
    def healthy(self) -> list[Task]:
        """Its tasks that may have traffic."""
        return [task for task in self.tasks if task.is_healthy]

    @property
    def is_steady(self) -> bool:
        """Whether all the tasks that it should have are well."""
        return len(self.healthy) >= self.desired

    def tick(self, launcher: Launcher) -> list[str]:
        """Let its tasks get on, start those that are missing; return what AWS says of it."""
        for task in self.tasks:
            task.look()
        ended = [task for task in self.tasks if task.stop]
        self.tasks = [task for task in self.tasks if not task.stop]
        self.failures += len(ended)
        said = [f"has stopped 1 running tasks: (task {one.id}). {_why(one)}" for one in ended]
        refusal = _UNPLACED.get(launcher.manner(self.definition))
        if refusal and len(self.tasks) < self.desired:
            return [*said, f"was unable to place a task. Reason: {refusal}"]
        while len(self.tasks) < self.desired:
            self.tasks.append(launcher.launch(self.definition, self.deployment))
            said.append(f"has started 1 tasks: (task {self.tasks[-1].id}).")
        for task in self.tasks[self.desired :]:
            task.end(SCALED_IN.format(self.deployment))
        self.tasks = self.tasks[: self.desired]
        return said

    def end(self) -> None:
        """Stop all its tasks."""
        for task in self.tasks:
            task.end(SCALED_IN.format(self.deployment))
        self.tasks, self.desired, self.is_in_production = [], 0, False

    def as_deployment(self, status: str) -> dict[str, Any]:
        """Return its deployment as DescribeServices shows it."""
        running = len([task for task in self.tasks if task.status == "RUNNING"])
        return {
            "id": self.deployment,
            "status": status,
            "taskDefinition": self.definition["taskDefinitionArn"],
            "desiredCount": self.desired,
            "pendingCount": len(self.tasks) - running,
            "runningCount": running,
            "failedTasks": self.failures,
            "createdAt": 1_790_000_000.0 + self.number % 1000,
            "updatedAt": 1_790_000_000.0 + self.number % 1000,
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "rolloutState": self.rollout,
            "rolloutStateReason": self.reason,
        }

    def summary(self) -> dict[str, Any]:
        """Return it as a service deployment names it."""
        share = 100.0 if self.is_in_production else 0.0
        running = len([task for task in self.tasks if task.status == "RUNNING"])
        return {
            "arn": self.arn,
            "requestedTaskCount": self.desired,
            "runningTaskCount": running,
            "pendingTaskCount": len(self.tasks) - running,
            "requestedProductionTrafficWeight": share,
        }


_UNPLACED = {
    "no capacity": "Capacity is unavailable at this time. Please try again later or in a different "
    "availability zone.",
    "quota": "You've reached the limit on the number of vCPUs you can run concurrently.",
}


def _why(task: Task) -> str:
    return f"({task.stop.reason})" if task.stop else ""
