"""The role that Terraform makes for a workflow has exactly the rights that llmops uses."""

import re
from pathlib import Path

from tests.fakes.aws.cloud import AwsCloud
from tests.targets.aws_ecs.stage import Stage

GITHUB = Path(__file__).parents[3] / "templates/infra/aws/github.tf"
#: Services and operations that IAM calls otherwise than the interface does.
_SERVICES = {"elbv2": "elasticloadbalancing", "secretsmanager": "secretsmanager"}
_OPERATIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
}
#: Everybody may ask who he is.
_FREE = {"sts:GetCallerIdentity"}


def _allowed() -> set[str]:
    policy = GITHUB.read_text().partition('"aws_iam_policy_document" "deployer" {')[2]
    return set(re.findall(r'"([a-z0-9-]+:[A-Z]\w+)"', policy))


def _asked(aws: AwsCloud) -> set[str]:
    found = set()
    for call in aws.requests:
        service, _, operation = call.operation.partition(".")
        if operation:
            action = f"{_SERVICES.get(service, service)}:{operation}"
            found.add(_OPERATIONS.get(action, action))
    return found - _FREE


def test_whatever_deploy_rollback_and_the_looks_ask_is_allowed_to_the_workflow(
    live: Stage,
) -> None:
    looked = live.project.llmops("doctor")
    assert "s3:GetBucketVersioning" in _asked(live.cloud), looked.said
    for words in (("deploy",), ("rollback",), ("status",), ("logs",)):
        live.project.ok(*words)
    asked = _asked(live.cloud)
    assert {"ecs:UpdateService", "s3:PutObject"} <= asked
    assert asked - _allowed() == set()


def test_no_right_is_given_for_everything_of_a_service() -> None:
    assert len(_allowed()) > 40
    policy = GITHUB.read_text()
    assert not re.search(r'"[a-z0-9-]+:\*"', policy)
    assert '"iam:PassedToService"' in policy
