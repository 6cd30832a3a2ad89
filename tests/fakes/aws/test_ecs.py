"""Deployments on the fake ECS: rolling ones, those that AWS rolls back, and blue/green."""

import ssl

import httpx2
import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.stage import Clients

STABLE = {"Delay": 0, "MaxAttempts": 600}


@pytest.fixture
def clients(aws: AwsCloud) -> Clients:
    return Clients(aws)


def release_at(cloud: AwsCloud, url: str) -> str:
    trust = ssl.create_default_context(cafile=cloud.ca_file)
    return str(httpx2.get(f"{url}/version", verify=trust).json()["release"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"memory": "600"}, "No Fargate configuration exists"),
        ({"networkMode": "bridge"}, "network mode"),
        ({"executionRoleArn": ""}, "executionRoleArn"),
        ({"container": {"stopTimeout": 300}}, "stopTimeout"),
        ({"container": {"secrets": [{"name": "LLMOPS_RELEASE", "valueFrom": "x"}]}}, "be unique"),
        ({"container": {"mountPoints": [{"sourceVolume": "tmp"}]}}, "Unknown volume"),
    ],
)
def test_a_task_definition_that_aws_would_not_take_is_refused(
    clients: Clients, changes: dict[str, object], said: str
) -> None:
    logs = {"logConfiguration": {"logDriver": "awslogs", "options": _LOGS}}
    changes["container"] = {**logs, **changes.get("container", {})}  # type: ignore[dict-item]
    with pytest.raises(ClientError, match=said):
        clients.register("one", **changes)


def test_a_release_rolls_and_one_that_fails_is_rolled_back_which_counts_as_stable(
    aws: AwsCloud, clients: Clients
) -> None:
    aws.ecs.make_rolling()
    good = clients.register("one")
    clients.until(clients.deploy(good, is_native=False), "SUCCESSFUL")
    assert release_at(aws, aws.ecs.public_url) == aws.ecs.serving == "one"
    bad = clients.register("two")
    aws.containers.script(bad_image(aws, bad), "crashes")
    deployment = clients.deploy(bad, is_native=False)
    waiter = clients.ecs.get_waiter("services_stable")
    waiter.wait(cluster="demo", services=["demo"], WaiterConfig=STABLE)
    shown = clients.until(deployment, "ROLLBACK_SUCCESSFUL")
    assert shown["deploymentCircuitBreaker"] == {
        "status": "TRIGGERED",
        "failureCount": 3,
        "threshold": 3,
    }
    assert clients.service()["taskDefinition"] == good
    assert aws.ecs.serving == "one"
    stopped = clients.ecs.list_tasks(cluster="demo", serviceName="demo", desiredStatus="STOPPED")[
        "taskArns"
    ]
    tasks = clients.ecs.describe_tasks(cluster="demo", tasks=stopped)["tasks"]
    crashed = [one for one in tasks if one["stopCode"] == "EssentialContainerExited"]
    assert [one["containers"][0]["exitCode"] for one in crashed] == [1, 1, 1]


def test_a_release_is_at_the_test_listener_until_it_is_let_go_on(
    aws: AwsCloud, clients: Clients
) -> None:
    first = clients.deploy(clients.register("one"), is_native=True)
    for _ in range(2):
        clients.go_on(clients.until(first))
    clients.until(first, "SUCCESSFUL")
    second = clients.deploy(clients.register("two"), is_native=True)
    paused = clients.until(second)
    assert paused["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert release_at(aws, aws.ecs.test_url) == "two"
    assert release_at(aws, aws.ecs.public_url) == "one"
    clients.go_on(paused)
    paused = clients.until(second)
    assert paused["lifecycleStage"] == "POST_PRODUCTION_TRAFFIC_SHIFT"
    assert release_at(aws, aws.ecs.public_url) == "two"
    clients.go_on(paused, "ROLLBACK")
    clients.until(second, "ROLLBACK_SUCCESSFUL")
    assert release_at(aws, aws.ecs.public_url) == "one"
    third = clients.deploy(clients.register("three"), is_native=True)
    clients.until(third)
    clients.ecs.stop_service_deployment(serviceDeploymentArn=third, stopType="ROLLBACK")
    clients.until(third, "ROLLBACK_SUCCESSFUL")
    with pytest.raises(ClientError, match="ConflictException"):
        clients.ecs.stop_service_deployment(serviceDeploymentArn=third, stopType="ROLLBACK")
    assert aws.ecs.serving == "one"


def test_a_secret_that_cannot_be_read_stops_a_task_before_it_starts(
    aws: AwsCloud, clients: Clients
) -> None:
    aws.ecs.make_rolling()
    aws.secrets.put("demo/KEY", "value")
    arn = aws.secrets.kept["demo/KEY"].arn
    aws.secrets.role_may_read = False
    secrets = {"secrets": [{"name": "KEY", "valueFrom": f"{arn}::AWSCURRENT:"}]}
    clients.deploy(clients.register("one", container=secrets), is_native=False)
    for _ in range(3):
        clients.service()
    task = next(iter(aws.ecs.tasks.values())).document()
    assert task["stopCode"] == "TaskFailedToStart"
    assert "unable to retrieve secret" in task["stoppedReason"]


def bad_image(cloud: AwsCloud, definition: str) -> str:
    """The digest of the image of a task definition."""
    found = cloud.ecs.definitions.kept[definition]["containerDefinitions"][0]["image"]
    return str(found.partition("@")[2])


_LOGS = {
    "awslogs-group": "/ecs/demo",
    "awslogs-region": "eu-west-1",
    "awslogs-stream-prefix": "api",
}
