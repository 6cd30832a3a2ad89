"""Terraform for AWS by the real provider, at moto: applied, nothing left to do, destroyed again."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.load import load
from tests.infra.aws_site import AwsSite, made_aws_site

PLUGINS = os.environ.get("LLMOPS_TEST_AWS_PLUGINS", "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AwsSite]:
    """A project on an AWS in which there is nothing yet."""
    if not shutil.which("terraform"):
        pytest.skip("needs terraform on the PATH")
    if not Path(PLUGINS or "none").is_dir():
        pytest.skip("needs LLMOPS_TEST_AWS_PLUGINS, a folder with the provider hashicorp/aws")
    with made_aws_site(tmp_path, Path(PLUGINS)) as made:
        yield made


@pytest.mark.timeout(900)
def test_what_was_applied_is_all_there_and_can_be_destroyed(site: AwsSite) -> None:
    applied = site.llmops("infra", "apply", "--yes")
    assert applied.status == 0, applied.said
    _is_in_the_project_file(site)
    _is_at_aws(site)
    again = site.llmops("--json", "infra", "plan", "--detailed-exitcode")
    assert again.status == 0, again.said
    assert again.document["changes"] == []
    assert again.document["estimate"]["monthly"] > 50
    _hold_something(site)
    destroyed = site.llmops("infra", "destroy", "--yes")
    assert destroyed.status == 0, destroyed.said
    # What moto still lists of a cluster is that it was there.
    [cluster] = _asked(site, "ecs").describe_clusters(clusters=["chat"])["clusters"]
    assert cluster["status"] == "INACTIVE"


def _hold_something(site: AwsSite) -> None:
    """Write a lock twice, and push an image, as a deploy does."""
    settings = load(site.project.root).targets["aws"]
    assert isinstance(settings, AwsTarget)
    for content in (b"held", b"free"):
        _asked(site, "s3").put_object(Bucket=settings.bucket, Key="lock", Body=content)
    manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{'a' * 64}"}, "layers": []}
    _asked(site, "ecr").put_image(
        repositoryName="chat",
        imageManifest=json.dumps(manifest),
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="1",
    )


def _is_in_the_project_file(site: AwsSite) -> None:
    settings = load(site.project.root).targets["aws"]
    assert isinstance(settings, AwsTarget)
    assert settings.public_url == "https://chat.example.com"
    assert settings.test_url == "https://chat.example.com:8443"
    assert (settings.cluster, settings.service) == ("chat", "chat")
    assert settings.execution_role == "arn:aws:iam::123456789012:role/chat-aws-execution"
    assert load(site.project.root).image.repository.endswith(".amazonaws.com/chat")
    backend = (site.folder / "backend.hcl").read_text()
    assert "use_lockfile = true" in backend
    assert 'key = "aws.tfstate"' in backend


def _is_at_aws(site: AwsSite) -> None:
    settings = load(site.project.root).targets["aws"]
    assert isinstance(settings, AwsTarget)
    assert _asked(site, "s3").get_bucket_versioning(Bucket=settings.bucket)["Status"] == "Enabled"
    scaling = _asked(site, "application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert target["SuspendedState"]["DynamicScalingInSuspended"] is True
    ecs = _asked(site, "ecs")
    [service] = ecs.describe_services(cluster="chat", services=["chat"])["services"]
    assert service["desiredCount"] == 0
    balancing = _asked(site, "elbv2")
    [balancer] = balancing.describe_load_balancers()["LoadBalancers"]
    listeners = balancing.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert {one["Port"] for one in listeners["Listeners"]} == {80, 443, 8443}
    attributes = balancing.describe_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"]
    )["Attributes"]
    idle = {one["Key"]: one["Value"] for one in attributes}["idle_timeout.timeout_seconds"]
    assert int(idle) >= 120
    role = _asked(site, "iam").get_role(RoleName="chat-aws-deployer")["Role"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == [
        "repo:acme/chat:environment:aws",
        "repo:acme@4711/chat@815:environment:aws",
    ]


def _asked(site: AwsSite, service: str):
    return boto3.client(
        service,
        endpoint_url=site.url,
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="-",
    )
