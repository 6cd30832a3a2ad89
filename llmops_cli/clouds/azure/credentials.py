"""How we prove to Azure who we are: the first of several ways that is there, named."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_cli.clouds.azure.cloud import Cloud
from llmops_cli.config.azure import AzureTarget
from llmops_cli.errors import AccessError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Chosen:
    """A way to prove who we are; ``origin`` says which in words, for reports and errors."""

    credential: "TokenCredential"
    origin: str


def choose(settings: AzureTarget, cloud: Cloud) -> Chosen:
    """Return the first way that this machine has. Asks nobody anything yet.

    Raises:
        AccessError: there is none.
    """
    from azure.identity import ClientSecretCredential

    tenant = settings.tenant or os.environ.get("AZURE_TENANT_ID")
    client, secret = os.environ.get("AZURE_CLIENT_ID"), os.environ.get("AZURE_CLIENT_SECRET")
    if tenant and client and secret:
        credential = ClientSecretCredential(
            tenant, client, secret, authority=cloud.authority, disable_instance_discovery=True
        )
        return Chosen(credential, "the client secret of AZURE_CLIENT_ID")
    raise AccessError(
        "Nothing on this machine proves to Azure who you are.",
        state="Nothing was changed.",
        next_step="az login",
    )
