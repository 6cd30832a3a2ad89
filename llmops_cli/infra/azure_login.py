"""What Terraform's provider for Azure gets to know by its environment: where, and as whom."""

import os
from collections.abc import Mapping

from llmops_cli.config.azure import AzureTarget
from llmops_cli.errors import PreflightError

#: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs#environment
_CLOUDS = {"public": "public", "us-government": "usgovernment", "china": "china"}
_OWN = ("ARM_CLIENT_ID", "ARM_USE_MSI", "ARM_USE_OIDC", "ARM_USE_CLI")


def environment(target: str, settings: AzureTarget) -> dict[str, str]:
    """Return the variables that say to Terraform what the target says to us.

    What the operator set for Terraform alone (``ARM_…``) counts for more.

    Raises:
        PreflightError: no subscription is named anywhere.
    """
    variables = {
        "ARM_SUBSCRIPTION_ID": _subscription(target, settings),
        "ARM_ENVIRONMENT": _CLOUDS[settings.cloud],
    }
    tenant = settings.tenant or os.environ.get("AZURE_TENANT_ID")
    if tenant:
        variables["ARM_TENANT_ID"] = tenant
    if not any(os.environ.get(name) for name in _OWN):
        variables |= _identity(settings, os.environ)
    return {name: value for name, value in variables.items() if not os.environ.get(name)}


def _subscription(target: str, settings: AzureTarget) -> str:
    named = (
        settings.subscription
        or os.environ.get("ARM_SUBSCRIPTION_ID")
        or os.environ.get("AZURE_SUBSCRIPTION_ID")
    )
    if named:
        return named
    raise PreflightError(
        "Which subscription?",
        evidence=f"There is no `subscription` in [targets.{target}].",
        state="Nothing was changed.",
        next_step=f"Write it into [targets.{target}]; az account show --query id says it.",
    )


def _identity(settings: AzureTarget, known: Mapping[str, str]) -> dict[str, str]:
    """Return as whom, in the order in which the rest of llmops chooses."""
    client = {"ARM_CLIENT_ID": known["AZURE_CLIENT_ID"]} if known.get("AZURE_CLIENT_ID") else {}
    wanted = settings.credential
    token_file = known.get("AZURE_FEDERATED_TOKEN_FILE")
    if client and token_file and wanted in ("auto", "workload-identity"):
        return {**client, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": token_file}
    if client and known.get("ACTIONS_ID_TOKEN_REQUEST_URL") and wanted in ("auto", "github"):
        return {**client, "ARM_USE_OIDC": "true"}
    secret = known.get("AZURE_CLIENT_SECRET")
    if client and secret and wanted in ("auto", "client-secret"):
        return {**client, "ARM_CLIENT_SECRET": secret}
    if wanted == "managed-identity":
        return {**client, "ARM_USE_MSI": "true"}
    return {}
