"""The infrastructure of a target on AWS: Terraform, with its state in a bucket there."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.infrastructure import Infrastructure
from llmops_cli.errors import PreflightError
from llmops_cli.infra.aws_review import review
from llmops_cli.infra.cloud import Cloud
from llmops_cli.infra.in_cloud import CloudInfrastructure

_REFUSALS = re.compile(
    r"AccessDenied|UnauthorizedOperation|is not authorized to perform|InvalidClientTokenId"
    r"|ExpiredToken|SignatureDoesNotMatch|No valid credential sources found|AuthFailure"
    r"|UnrecognizedClientException|InvalidAccessKeyId|RequestExpired|SSO session"
    r"|failed to refresh cached credentials|AWS account ID not allowed"
    r"|failed to get shared config profile|StatusCode: ?(?:401|403)\b",
    re.IGNORECASE,
)
_LOGIN = (
    "aws sso login, or other credentials, as somebody who may administer the account that is meant."
)
#: Where S3 is asked, if not at AWS.
_ELSEWHERE = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def make(target: str, settings: AwsTarget, folder: Path, place: str) -> Infrastructure:
    """Return what makes the infrastructure of a target, described in ``folder``.

    Raises:
        PreflightError: the target does not say where.
    """
    variables = environment(target, settings)
    return CloudInfrastructure(target, folder, place, cloud(os.environ), variables)


def cloud(known: Mapping[str, str]) -> Cloud:
    """Return AWS, or what stands in for it where the environment says so."""
    elsewhere = {"use_path_style": True} if _is_elsewhere(known) else {}
    backend = {"use_lockfile": True, "encrypt": True, **elsewhere}
    return Cloud("AWS", _LOGIN, _REFUSALS, "bucket", backend, review=review)


def environment(target: str, settings: AwsTarget) -> dict[str, str]:
    """Return the variables that say to Terraform what the target says to us.

    Raises:
        PreflightError: no region is named anywhere.
    """
    known = os.environ
    region = settings.region or known.get("AWS_REGION") or known.get("AWS_DEFAULT_REGION")
    if not region:
        raise PreflightError(
            "Which region?",
            evidence=f"There is no `region` in [targets.{target}], and no AWS_REGION.",
            state="Nothing was changed.",
            next_step=f'Write it into [targets.{target}]: region = "eu-west-1"',
        )
    variables = {"AWS_REGION": region, "TF_VAR_region": region}
    if settings.profile:
        variables["AWS_PROFILE"] = settings.profile
    if _is_elsewhere(known):
        variables["TF_VAR_path_style"] = "true"
    return variables


def _is_elsewhere(known: Mapping[str, str]) -> bool:
    return any(known.get(name) for name in _ELSEWHERE)
