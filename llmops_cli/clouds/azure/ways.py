"""The ways to prove to Azure who we are, in the order in which they are looked for."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.azure import azure_cli, github_token, instance
from llmops_cli.config.azure import CredentialKind

if TYPE_CHECKING:
    from azure.core.credentials import SupportsTokenInfo

_FEDERATED = "AZURE_FEDERATED_TOKEN_FILE"
_SECRET = "AZURE_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class Surroundings:
    """What the ways need: whose tenant, which application, and where Entra ID is."""

    tenant: str | None
    client: str | None
    authority: str
    is_known_authority: bool

    @property
    def rules(self) -> dict[str, Any]:
        """How to speak to Entra ID, for the credentials that do so themselves."""
        return {
            "authority": self.authority,
            "disable_instance_discovery": not self.is_known_authority,
        }

    def application_missing(self) -> str:
        """Say what keeps an application from being known, or nothing."""
        if self.tenant is None:
            return "there is no `tenant` in llmops.toml, and AZURE_TENANT_ID is not set"
        return "" if self.client else "AZURE_CLIENT_ID is not set"


@dataclass(frozen=True)
class Way:
    """One way. ``missing`` says why it is not there, or nothing; ``remedy`` is what makes it be."""

    kind: CredentialKind
    remedy: str
    missing: Callable[[Surroundings], str]
    origin: Callable[[Surroundings], str]
    make: Callable[[Surroundings], "SupportsTokenInfo"]


def _federated_missing(around: Surroundings) -> str:
    file = os.environ.get(_FEDERATED)
    if not file:
        return f"{_FEDERATED} is not set"
    if not os.access(file, os.R_OK):
        return f"{file}, which {_FEDERATED} names, cannot be read"
    return around.application_missing()


def _federated(around: Surroundings) -> "SupportsTokenInfo":
    from azure.identity import WorkloadIdentityCredential

    return WorkloadIdentityCredential(
        tenant_id=around.tenant,
        client_id=around.client,
        token_file_path=os.environ[_FEDERATED],
        **around.rules,
    )


def _github(around: Surroundings) -> "SupportsTokenInfo":
    from azure.identity import ClientAssertionCredential

    assert around.tenant is not None
    assert around.client is not None
    return ClientAssertionCredential(
        around.tenant, around.client, github_token.assertion, **around.rules
    )


def _secret_missing(around: Surroundings) -> str:
    if not os.environ.get(_SECRET):
        return f"{_SECRET} is not set"
    return around.application_missing()


def _secret(around: Surroundings) -> "SupportsTokenInfo":
    from azure.identity import ClientSecretCredential

    assert around.tenant is not None
    assert around.client is not None
    return ClientSecretCredential(around.tenant, around.client, os.environ[_SECRET], **around.rules)


def _cli(around: Surroundings) -> "SupportsTokenInfo":
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=around.tenant or "", process_timeout=30)


def _managed(around: Surroundings) -> "SupportsTokenInfo":
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=around.client)


WAYS = (
    Way(
        kind="workload-identity",
        remedy=f"Set {_FEDERATED}, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
        missing=_federated_missing,
        origin=lambda around: f"the workload identity of the application {around.client}",
        make=_federated,
    ),
    Way(
        kind="github",
        remedy="Give the job `permissions: id-token: write`, and set AZURE_CLIENT_ID and "
        "AZURE_TENANT_ID to an application with a federated credential for this repository.",
        missing=lambda around: github_token.missing() or around.application_missing(),
        origin=lambda around: f"GitHub's token for the application {around.client}",
        make=_github,
    ),
    Way(
        kind="client-secret",
        remedy=f"Set {_SECRET}, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
        missing=_secret_missing,
        origin=lambda around: f"the client secret of the application {around.client}",
        make=_secret,
    ),
    Way(
        kind="cli",
        remedy="az login",
        missing=lambda around: azure_cli.missing(),
        origin=lambda around: azure_cli.origin(),
        make=_cli,
    ),
    Way(
        kind="managed-identity",
        remedy="Run it on a machine of Azure that has an identity; AZURE_CLIENT_ID names one of "
        "several.",
        missing=lambda around: instance.missing(),
        origin=lambda around: (
            "the managed identity " + (f"{around.client}" if around.client else "of this machine")
        ),
        make=_managed,
    ),
)
