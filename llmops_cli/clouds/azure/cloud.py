"""Where an Azure is: its addresses, and whom tokens are for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.config.azure import AzureTarget


@dataclass(frozen=True)
class Cloud:
    """Addresses of one of the Azure clouds; an audience is whom a token is good for.

    ``vault`` is empty where the vault itself says whom its tokens are for, which is the rule.
    """

    authority: str
    resource_manager: str
    resource_manager_audience: str
    registry_audience: str
    registry_suffix: str

    @property
    def is_known_authority(self) -> bool:
        """Whether Entra ID is one of Microsoft's own; others cannot be looked up there."""
        return self.authority in {known.authority for known in KNOWN.values()}


#: Registries take tokens for one audience in every cloud.
_REGISTRIES = "https://containerregistry.azure.net"

#: https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-sovereign-domain
KNOWN: Mapping[str, Cloud] = {
    "public": Cloud(
        authority="https://login.microsoftonline.com",
        resource_manager="https://management.azure.com",
        resource_manager_audience="https://management.azure.com",
        registry_audience=_REGISTRIES,
        registry_suffix=".azurecr.io",
    ),
    "us-government": Cloud(
        authority="https://login.microsoftonline.us",
        resource_manager="https://management.usgovcloudapi.net",
        resource_manager_audience="https://management.usgovcloudapi.net",
        registry_audience=_REGISTRIES,
        registry_suffix=".azurecr.us",
    ),
    "china": Cloud(
        authority="https://login.chinacloudapi.cn",
        resource_manager="https://management.chinacloudapi.cn",
        resource_manager_audience="https://management.chinacloudapi.cn",
        registry_audience=_REGISTRIES,
        registry_suffix=".azurecr.cn",
    ),
}


def cloud_of(settings: AzureTarget) -> Cloud:
    """Return the cloud that a target names, with the addresses that it says are others.

    ``AZURE_AUTHORITY_HOST``, which other tools of Azure read, counts where the project is silent.
    """
    known, own = KNOWN[settings.cloud], settings.endpoints
    manager = own.resource_manager or known.resource_manager
    is_silent = own.authority is None and "cloud" not in settings.model_fields_set
    around = os.environ.get("AZURE_AUTHORITY_HOST") if is_silent else None
    return Cloud(
        authority=_address(own.authority or around or known.authority),
        resource_manager=manager.rstrip("/"),
        resource_manager_audience=own.resource_manager_audience or known.resource_manager_audience,
        registry_audience=own.registry_audience or known.registry_audience,
        registry_suffix=known.registry_suffix,
    )


def cloud_of_registry(host: str) -> str | None:
    """Return the name of the cloud that a registry of Azure is in; None for another registry."""
    names = (name for name, known in KNOWN.items() if host.endswith(known.registry_suffix))
    return next(names, None)


def _address(host: str) -> str:
    return (host if "://" in host else f"https://{host}").rstrip("/")
