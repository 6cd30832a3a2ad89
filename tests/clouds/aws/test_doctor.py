"""What the doctor says of an account of AWS: one line for each thing, with what mends it."""

from pathlib import Path
from typing import Any

import pytest

from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.doctor import probes
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.diagnosis import Diagnosis, Health
from tests.clouds.aws.conftest import ACCOUNT, BUCKET

REPOSITORY = f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/team/chat"


def looked(**settings: Any) -> dict[str, Diagnosis]:
    """Take every look, and return what was found by its subject."""
    target = AwsTarget.model_validate({"region": "eu-west-1", "bucket": BUCKET, **settings})
    found = [one for probe in probes(Account(target), "demo", REPOSITORY) for one in probe.look()]
    return {one.subject: one for one in found}


@pytest.fixture
def made(moto: Any) -> None:
    """What `llmops infra apply` makes, as far as the doctor looks at it."""
    import boto3

    boto3.client("ecr", region_name="eu-north-1").create_repository(
        repositoryName="team/chat", imageTagMutability="IMMUTABLE"
    )
    ecs = boto3.client("ecs", region_name="eu-west-1")
    ecs.create_cluster(clusterName="demo")
    ecs.register_task_definition(family="demo", containerDefinitions=[])
    ecs.create_service(cluster="demo", serviceName="demo", taskDefinition="demo", desiredCount=0)


@pytest.mark.usefixtures("made")
def test_where_all_is_well_there_is_a_line_for_each_thing() -> None:
    found = looked(account=ACCOUNT)
    assert {one.health for one in found.values()} == {Health.OK}
    assert list(found) == [
        "aws packages",
        "aws credentials",
        "aws clock",
        "aws service",
        "aws bucket",
        "aws registry",
    ]
    assert f"arn:aws:sts::{ACCOUNT}:user/moto" in found["aws credentials"].text


def test_what_is_missing_is_told_with_what_makes_it(moto: Any) -> None:
    found = looked(bucket="another")
    assert "no cluster demo in eu-west-1" in found["aws service"].text
    assert "no bucket another" in found["aws bucket"].text
    assert "no repository team/chat" in found["aws registry"].text
    assert "--image-tag-mutability IMMUTABLE" in found["aws registry"].fix
    for subject in ("aws service", "aws bucket", "aws registry"):
        assert found[subject].health is Health.PROBLEM
        assert "llmops infra apply" in found[subject].fix


@pytest.mark.usefixtures("made")
def test_a_service_that_is_not_in_its_cluster_is_told() -> None:
    assert "no service other in the cluster demo" in looked(service="other")["aws service"].text


@pytest.mark.usefixtures("made")
def test_what_can_be_changed_behind_our_back_is_a_warning(moto: Any) -> None:
    import boto3

    boto3.client("ecr", region_name="eu-north-1").put_image_tag_mutability(
        repositoryName="team/chat", imageTagMutability="MUTABLE"
    )
    off = {"Status": "Suspended"}
    moto.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=off)
    found = looked()
    assert found["aws registry"].health is Health.WARNING
    assert "put-image-tag-mutability" in found["aws registry"].fix
    assert found["aws bucket"].health is Health.WARNING
    assert "put-bucket-versioning" in found["aws bucket"].fix


def test_nobody_is_looked_at_once(quiet: Path) -> None:
    found = looked()
    assert list(found) == ["aws packages", "aws credentials"]
    assert found["aws credentials"].health is Health.PROBLEM
    assert "aws sso login" in found["aws credentials"].fix


def test_another_account_is_a_problem_of_the_credentials(moto: Any) -> None:
    found = looked(account="210987654321")
    assert list(found) == ["aws packages", "aws credentials"]
    assert ACCOUNT in found["aws credentials"].text
