"""The infrastructure of a target on Google Cloud: Terraform, with its state in a bucket there."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from llmops_cli.config.gcp import GcpTarget
from llmops_cli.core.infrastructure import Infrastructure
from llmops_cli.errors import PreflightError
from llmops_cli.infra.cloud import Cloud
from llmops_cli.infra.in_cloud import CloudInfrastructure

GOOGLE = Cloud(
    name="Google Cloud",
    login="gcloud auth application-default login, as somebody who owns the project.",
    refusals=re.compile(
        r"googleapi: (?:got HTTP response code|Error) 40[13]\b|PERMISSION_DENIED|UNAUTHENTICATED"
        r"|could not find default credentials|application default credentials|invalid_grant"
        r"|invalid_rapt|oauth2: |IAM_PERMISSION_DENIED|CREDENTIALS_MISSING|does not have \S+ access"
        r"|Permission '\S+' denied",
        re.IGNORECASE,
    ),
    home="bucket",
    key="prefix",
    key_form="{}",
)
#: What names a project to Google's own programs and to Terraform.
_PROJECTS = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT", "CLOUDSDK_CORE_PROJECT")


def make(target: str, settings: GcpTarget, folder: Path, place: str) -> Infrastructure:
    """Return what makes the infrastructure of a target, described in ``folder``.

    Raises:
        PreflightError: the target does not say where.
    """
    variables = environment(target, settings, os.environ)
    return CloudInfrastructure(target, folder, place, GOOGLE, variables)


def environment(target: str, settings: GcpTarget, known: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that say to Terraform what the target says to us.

    Raises:
        PreflightError: no project, or no region, is named anywhere.
    """
    project = settings.project or next((known[name] for name in _PROJECTS if known.get(name)), "")
    if not project:
        raise _unsaid(target, "project", 'project = "my-project-123"')
    if settings.location is None:
        raise _unsaid(target, "location", 'location = "europe-west4"')
    return {
        "GOOGLE_PROJECT": project,
        "GOOGLE_REGION": settings.location,
        "TF_VAR_gcp_project": project,
        "TF_VAR_location": settings.location,
    }


def _unsaid(target: str, key: str, line: str) -> PreflightError:
    return PreflightError(
        f"Which {key} of Google Cloud?",
        evidence=f"There is no `{key}` in [targets.{target}].",
        state="Nothing was changed.",
        next_step=f"Write it into [targets.{target}]: {line}",
    )
