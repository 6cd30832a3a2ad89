"""Clients of the fake AWS as tests of the fake use them, and releases to run on its service."""

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.identity import ACCOUNT, KEY, REGION, SECRET
from tests.project import API_KEY

HOOKS = [
    {"targetType": "PAUSE", "lifecycleStages": [stage]}
    for stage in ("POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT")
]
BREAKER = {"enable": True, "rollback": True}


@dataclass
class Clients:
    """Asks a cloud, once for each question."""

    cloud: AwsCloud
    key: str = KEY
    _made: dict[str, Any] = field(default_factory=dict)

    def of(self, service: str, **config: Any) -> Any:
        """Return a client of a service."""
        name = f"{service}{sorted(config)}"
        if name not in self._made:
            settings = {"retries": {"total_max_attempts": 1}, "read_timeout": 20, **config}
            session = boto3.Session(self.key, SECRET, region_name=REGION)
            self._made[name] = session.client(
                service,
                endpoint_url=self.cloud.url,
                verify=str(self.cloud.ca_file),
                config=Config(**settings),
            )
        return self._made[name]

    @property
    def ecs(self) -> Any:
        """The client of ECS."""
        return self.of("ecs")

    def ask(self, service: str) -> Any:
        """Ask a service something that it answers whatever there is."""
        if service == "sts":
            return self.of("sts").get_caller_identity()
        return self.of(service).describe_clusters(clusters=["demo"])

    def register(self, release: str, **changes: Any) -> str:
        """Register a task definition of a release, and return its ARN."""
        digest = self.cloud.ecr.put_image("demo", release, {"release": release})
        container = {
            "name": "api",
            "image": f"{self.cloud.ecr.host}/demo@{digest}",
            "essential": True,
            "portMappings": [{"containerPort": 8000}],
            "environment": [
                {"name": "LLMOPS_RELEASE", "value": release},
                {"name": "LLMOPS_API_KEY", "value": API_KEY},
            ],
            **changes.pop("container", {}),
        }
        body = {
            "family": "demo",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "512",
            "memory": "1024",
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/demo-execution",
            "containerDefinitions": [container],
            **changes,
        }
        made = self.ecs.register_task_definition(**body)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def deploy(self, definition: str, *, is_native: bool, **configuration: Any) -> str:
        """Let the service run a task definition, and return the service deployment's ARN."""
        how = {"strategy": "ROLLING", "deploymentCircuitBreaker": BREAKER, **configuration}
        if is_native:
            how |= {"strategy": "BLUE_GREEN", "lifecycleHooks": HOOKS}
        self.ecs.update_service(
            cluster="demo",
            service="demo",
            taskDefinition=definition,
            desiredCount=1,
            deploymentConfiguration=how,
        )
        found = self.ecs.list_service_deployments(cluster="demo", service="demo")
        return str(found["serviceDeployments"][0]["serviceDeploymentArn"])

    def until(self, deployment: str, *statuses: str) -> Any:
        """Ask for a service deployment until it is paused, or has one of the statuses."""
        for _ in range(60):
            self.cloud.containers.warm()
            found = self.ecs.describe_service_deployments(serviceDeploymentArns=[deployment])
            shown = found["serviceDeployments"][0]
            hooks = [one["status"] for one in shown.get("lifecycleHookDetails", [])]
            if shown["status"] in statuses or (not statuses and "AWAITING_ACTION" in hooks):
                return shown
        raise AssertionError(shown)

    def go_on(self, shown: Any, action: str = "CONTINUE") -> None:
        """Let a paused service deployment go on."""
        waiting = [
            one for one in shown["lifecycleHookDetails"] if one["status"] == "AWAITING_ACTION"
        ]
        self.ecs.continue_service_deployment(
            serviceDeploymentArn=shown["serviceDeploymentArn"],
            hookId=waiting[0]["hookId"],
            action=action,
        )

    def service(self) -> Any:
        """The service as it is shown."""
        return self.ecs.describe_services(cluster="demo", services=["demo"])["services"][0]
