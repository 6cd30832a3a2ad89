"""The looks at what a target on AWS stands on: its service, its bucket, and its registry."""

from collections.abc import Sequence
from typing import Any

from llmops_cli.clouds.aws.account import Account, required
from llmops_cli.clouds.aws.registry_login import create_command, region_of_registry
from llmops_cli.clouds.aws.trouble import code_of
from llmops_cli.core.diagnosis import Diagnosis, ok, problem, warning
from llmops_cli.errors import PreflightError
from llmops_cli.registries.reference import parse

SERVICE, BUCKET, REGISTRY = "aws service", "aws bucket", "aws registry"
_MAKE = "llmops infra apply"


def service(account: Account, project: str) -> Sequence[Diagnosis]:
    """Find whether the service of ECS is there, and may be looked at."""
    settings = account.settings
    cluster, name = settings.cluster or project, settings.service or project
    fix = f"{_MAKE}, or mend `cluster` and `service` in llmops.toml"
    answer = _unless(
        ("ClusterNotFoundException",),
        account,
        "ecs",
        "describe_services",
        f"look at {name}",
        cluster=cluster,
        services=[name],
    )
    if answer is None:
        return [problem(SERVICE, f"there is no cluster {cluster} in {account.region}", fix)]
    found = [one for one in answer["services"] if one.get("status") == "ACTIVE"]
    if not found:
        return [problem(SERVICE, f"there is no service {name} in the cluster {cluster}", fix)]
    running, desired = found[0].get("runningCount"), found[0].get("desiredCount")
    text = f"{name} is in the cluster {cluster}: {running} of {desired} tasks run"
    return [ok(SERVICE, text)]


def bucket(account: Account) -> Sequence[Diagnosis]:
    """Find whether the bucket of the lock and the history is there, and keeps versions."""
    name = required(account.settings.bucket, "bucket")
    answer = _unless(
        ("NoSuchBucket", "404"),
        account,
        "s3",
        "get_bucket_versioning",
        f"look at s3://{name}",
        Bucket=name,
    )
    if answer is None:
        fix = f"{_MAKE}, or mend `bucket` in llmops.toml"
        return [problem(BUCKET, f"there is no bucket {name}", fix)]
    if answer.get("Status") != "Enabled":
        text = f"{name} is there, but keeps no earlier versions of what is written"
        fix = (
            f"aws s3api put-bucket-versioning --bucket {name} "
            "--versioning-configuration Status=Enabled"
        )
        return [warning(BUCKET, text, fix)]
    return [ok(BUCKET, f"{name} is there, and keeps versions")]


def registry(account: Account, name: str) -> Sequence[Diagnosis]:
    """Find whether the repository of ECR is there, and whether a tag stays with its image."""
    repository = parse(name)
    region = region_of_registry(repository.host)
    if region is None:
        return []  # It is another's, and the look at the registry says how it is.
    answer = _unless(
        ("RepositoryNotFoundException",),
        account,
        "ecr",
        "describe_repositories",
        f"look at the repository {repository.path}",
        region=region,
        registryId=repository.host.partition(".")[0],
        repositoryNames=[repository.path],
    )
    if answer is None:
        text = f"there is no repository {repository.path} in ECR of {region}"
        return [problem(REGISTRY, text, f"{_MAKE}, or {create_command(repository)}")]
    if not str(answer["repositories"][0].get("imageTagMutability", "")).startswith("IMMUTABLE"):
        text = f"whoever may push to {repository.path} can put another image behind a tag"
        fix = (
            f"aws ecr put-image-tag-mutability --repository-name {repository.path} "
            f"--region {region} --image-tag-mutability IMMUTABLE"
        )
        return [warning(REGISTRY, text, fix)]
    return [ok(REGISTRY, f"{repository.path} is there, and its tags stay with their images")]


def _unless(
    absent: Sequence[str],
    account: Account,
    service: str,
    operation: str,
    doing: str,
    *,
    region: str | None = None,
    **asked: Any,
) -> Any:
    """Return what AWS answers, or None where it says that there is no such thing."""
    client = account.client(service, region=region)
    from botocore.exceptions import ClientError

    with account.told(doing, failure=PreflightError):
        try:
            return getattr(client, operation)(**asked)
        except ClientError as error:
            if code_of(error) not in absent:
                raise
            return None
