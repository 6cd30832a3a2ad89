"""The infrastructure of a target on Azure: Terraform, with its state in an account of Azure."""

import re
from pathlib import Path

from llmops_cli.config.azure import AzureTarget
from llmops_cli.core.infrastructure import Infrastructure
from llmops_cli.infra.azure_login import environment
from llmops_cli.infra.cloud import Cloud
from llmops_cli.infra.in_cloud import CloudInfrastructure

AZURE = Cloud(
    name="Azure",
    login="az login, as somebody who owns the subscription or the resource group.",
    refusals=re.compile(
        r"AADSTS\d+|AuthorizationFailed|AuthorizationPermissionMismatch|does not have authorization"
        r"|InvalidAuthenticationToken|ExpiredAuthenticationToken|could not configure \w+ Authorizer"
        r"|unable to build authorizer|building account|az login|LinkedAuthorizationFailed"
        r"|unauthorized_client|status ?(?:code)?[ =:]*(?:401|403)\b",
        re.IGNORECASE,
    ),
    home="account",
    backend={"use_azuread_auth": True},
)


def make(target: str, settings: AzureTarget, folder: Path, place: str) -> Infrastructure:
    """Return what makes the infrastructure of a target, described in ``folder``.

    Raises:
        PreflightError: the target does not say where.
    """
    return CloudInfrastructure(target, folder, place, AZURE, environment(target, settings))
