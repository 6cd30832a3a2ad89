"""The parts of a deploy to ECS that need no AWS: what is registered, and what is read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.targets.aws_ecs.definition import STOP_SECONDS, Shape, definition_of, digest_of
from llmops_cli.targets.aws_ecs.deployment import TESTED, deployment_from
from llmops_cli.targets.aws_ecs.pulling import processors_of
from llmops_cli.targets.aws_ecs.revision import ASKED_TAG, LIVE_TAG, revision_from
from llmops_cli.targets.aws_ecs.service import service_from, tags_from, task_from

ROLE = "arn:aws:iam::123456789012:role/demo"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo@sha256:{'a' * 64}"
ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/demo:7"
RELEASE = Release(
    id="0123456789ab.2",
    commit="0123456789ab" + "0" * 28,
    tree="1" * 40,
    committed_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    subject="Say “hello” — briefly",
    settings={"HOST": "0.0.0.0", "PORT": "8000", "LLMOPS_DRAIN_SECONDS": "110"},
    secret_versions={"LLMOPS_API_KEY": "v-1"},
    image=IMAGE,
)
SHAPE = Shape(
    configured=AwsTarget(execution_role=ROLE, task_role=ROLE, architecture="arm64"),
    family="demo",
    container="web",
    port=8000,
    log_group="/ecs/demo",
    region="eu-west-1",
    is_ours=True,
    reference=lambda name, version: f"arn:aws:secretsmanager:::{name}:::{version}",
)


def answered(document: dict[str, Any], **tags: str) -> dict[str, Any]:
    """What AWS answers for a task definition that was registered."""
    given = [*document["tags"], *({"key": key, "value": text} for key, text in tags.items())]
    kept = {key: value for key, value in document.items() if key != "tags"}
    return {"taskDefinition": {**kept, "taskDefinitionArn": ARN, "status": "ACTIVE"}, "tags": given}


def test_a_release_is_read_back_from_its_task_definition_whole() -> None:
    found = revision_from(answered(definition_of(SHAPE, RELEASE)))
    release = found.release
    assert release == RELEASE
    assert release is not None
    assert (release.settings, release.secret_versions, release.image) == (
        RELEASE.settings,
        RELEASE.secret_versions,
        RELEASE.image,
    )
    assert found.is_pinned
    assert found.live_since is None


def test_the_container_of_ours_is_closed_and_is_asked_without_curl() -> None:
    document = definition_of(SHAPE, RELEASE)
    [container] = document["containerDefinitions"]
    assert document["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert container["name"] == "web"
    assert container["readonlyRootFilesystem"] is True
    assert container["user"] == "10001:10001"
    assert {one["containerPath"] for one in container["linuxParameters"]["tmpfs"]} == {
        "/tmp",
        "/data",
    }
    assert container["healthCheck"]["command"][0] == "CMD"
    assert "curl" not in json.dumps(container)
    assert container["stopTimeout"] == STOP_SECONDS
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == RELEASE.id
    assert container["secrets"] == [
        {
            "name": "LLMOPS_API_KEY",
            "valueFrom": "arn:aws:secretsmanager:::LLMOPS_API_KEY:::v-1",
        }
    ]


def test_nothing_is_assumed_of_an_image_of_others() -> None:
    [container] = definition_of(replace(SHAPE, is_ours=False, port=4000), RELEASE)[
        "containerDefinitions"
    ]
    assert container["portMappings"] == [{"containerPort": 4000, "protocol": "tcp"}]
    assert not {"user", "readonlyRootFilesystem", "healthCheck", "linuxParameters"} & {*container}
    assert container["stopTimeout"] == STOP_SECONDS


def test_a_definition_has_a_name_of_its_own_that_depends_on_all_of_it() -> None:
    def asked(shape: Shape, release: Release) -> str:
        return tags_from(definition_of(shape, release)["tags"])[ASKED_TAG]

    assert asked(SHAPE, RELEASE) == asked(SHAPE, RELEASE)
    more = replace(SHAPE, configured=SHAPE.configured.model_copy(update={"memory": 2048}))
    other = replace(RELEASE, secret_versions={"LLMOPS_API_KEY": "v-2"})
    assert len({asked(SHAPE, RELEASE), asked(more, RELEASE), asked(SHAPE, other)}) == 3
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})


def test_a_secret_with_the_name_of_a_setting_is_refused() -> None:
    with pytest.raises(PreflightError, match="PORT is set twice"):
        definition_of(SHAPE, replace(RELEASE, secret_versions={"PORT": "v-1"}))


def test_since_when_a_release_counts_is_read_from_its_tags() -> None:
    since = "2026-11-21T12:00:00+00:00"
    document = answered(definition_of(SHAPE, RELEASE), **{LIVE_TAG: since, "llmops:names": "a b"})
    found = revision_from(document)
    assert found.live_since == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert found.names == ("a", "b")


@pytest.mark.parametrize(
    ("document", "has_failed"),
    [
        ({"stopCode": "EssentialContainerExited"}, True),
        ({"stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError"}, True),
        (
            {
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Task failed ELB health checks in (target-group x)",
            },
            True,
        ),
        (
            {
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)",
            },
            False,
        ),
        ({"stopCode": "UserInitiated", "stoppedReason": "Task stopped by user"}, False),
    ],
)
def test_a_task_that_was_told_to_end_has_not_failed(
    document: dict[str, str], has_failed: bool
) -> None:
    assert task_from({"taskArn": "task/demo/1", **document}).has_failed is has_failed


def test_why_a_task_ended_is_one_line_with_its_exit_code() -> None:
    task = task_from(
        {
            "taskArn": "arn:aws:ecs:eu-west-1:1:task/demo/0123456789abcdef",
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "containers": [{"exitCode": 3, "reason": "OutOfMemoryError"}],
        }
    )
    assert task.told == (
        "Task 01234567: EssentialContainerExited; Essential container in task exited; "
        "OutOfMemoryError; exit code 3"
    )


def test_a_deployment_waits_for_us_only_where_the_pause_is_ours_to_end() -> None:
    document = {
        "serviceDeploymentArn": "arn:service-deployment/demo/demo/x",
        "status": "IN_PROGRESS",
        "lifecycleStage": TESTED,
        "lifecycleHookDetails": [
            {"hookId": "lambda", "targetType": "AWS_LAMBDA", "status": "AWAITING_ACTION"},
            {"hookId": "old", "targetType": "PAUSE", "status": "SUCCEEDED"},
        ],
    }
    assert not deployment_from(document).is_paused_at(TESTED)
    document["lifecycleHookDetails"].append(  # type: ignore[attr-defined]
        {"hookId": "ours", "targetType": "PAUSE", "status": "AWAITING_ACTION"}
    )
    found = deployment_from(document)
    assert found.is_paused_at(TESTED)
    assert found.hook == "ours"
    assert not deployment_from({**document, "status": "ROLLBACK_IN_PROGRESS"}).is_paused_at(TESTED)


def test_a_service_can_test_only_with_a_second_target_group_and_a_rule() -> None:
    balancer: dict[str, Any] = {"targetGroupArn": "a", "containerName": "web", "containerPort": 80}
    more = {"alternateTargetGroupArn": "b", "testListenerRule": "r"}
    plain = service_from({"loadBalancers": [balancer]})
    tested = service_from({"loadBalancers": [{**balancer, "advancedConfiguration": more}]})
    assert (plain.can_test, tested.can_test) == (False, True)


def test_processors_are_known_of_an_index_only() -> None:
    index = {
        "manifests": [
            {"platform": {"architecture": "amd64", "os": "linux"}},
            {"platform": {"architecture": "unknown", "os": "unknown"}},
        ]
    }
    assert processors_of(index) == {"amd64"}
    assert processors_of({"config": {}}) == set()
