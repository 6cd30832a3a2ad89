"""The clients of one Azure account, made when they are first used, all of them with our rules."""

import importlib.util
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.azure.cloud import Cloud, cloud_of
from llmops_cli.clouds.azure.credentials import Chosen, choose
from llmops_cli.clouds.azure.patience import retries
from llmops_cli.clouds.azure.tokens import Tokens, renewing
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.config.azure import AzureTarget
from llmops_cli.errors import DeployError, LlmopsError, PreflightError

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient
    from azure.mgmt.appcontainers import ContainerAppsAPIClient
    from azure.mgmt.containerregistry import ContainerRegistryManagementClient
    from azure.mgmt.web import WebSiteManagementClient

#: Versions of the interfaces, pinned: a newer package must not change what we say or are told.
WEB_VERSION = "2025-05-01"
APPS_VERSION = "2025-07-01"
REGISTRY_VERSION = "2025-11-01"
VAULT_VERSION = "7.6"

_MODULES = (
    "azure.identity",
    "azure.mgmt.web",
    "azure.mgmt.appcontainers",
    "azure.mgmt.containerregistry",
    "azure.keyvault.secrets",
)
INSTALL = "pip install 'llmops-cli[azure]'"


@dataclass(frozen=True)
class Account:
    """What asks Azure on behalf of a target. Making one asks nobody anything."""

    settings: AzureTarget

    @cached_property
    def cloud(self) -> Cloud:
        """Where this Azure is."""
        return cloud_of(self.settings)

    @cached_property
    def chosen(self) -> Chosen:
        """How we prove who we are.

        Raises:
            AccessError: nothing on this machine does.
            PreflightError: the packages are not installed.
        """
        require_packages()
        return choose(self.settings, self.cloud)

    @property
    def subscription(self) -> str:
        """The subscription of the target's resources.

        Raises:
            PreflightError: the project file does not say.
        """
        return required(self.settings.subscription, "subscription")

    @cached_property
    def web(self) -> "WebSiteManagementClient":
        """App Service."""
        from azure.mgmt.web import WebSiteManagementClient

        return WebSiteManagementClient(
            self._token, self.subscription, api_version=WEB_VERSION, **self._rules
        )

    @cached_property
    def apps(self) -> "ContainerAppsAPIClient":
        """Container Apps."""
        from azure.mgmt.appcontainers import ContainerAppsAPIClient

        return ContainerAppsAPIClient(
            self._token, self.subscription, api_version=APPS_VERSION, **self._rules
        )

    @cached_property
    def registries(self) -> "ContainerRegistryManagementClient":
        """Container registries as resources; what is in them is asked by `registries/`."""
        from azure.mgmt.containerregistry import ContainerRegistryManagementClient

        return ContainerRegistryManagementClient(
            self._token, self.subscription, api_version=REGISTRY_VERSION, **self._rules
        )

    def vault(self, url: str) -> "SecretClient":
        """Return the secrets of a Key Vault.

        The vault's name is not compared with that of its token's audience where the project names
        endpoints of its own: private ones have other names.
        """
        from azure.keyvault.secrets import SecretClient

        is_known = self.settings.endpoints.resource_manager is None
        return SecretClient(
            url,
            self._token,
            api_version=VAULT_VERSION,
            verify_challenge_resource=is_known,
            per_call_policies=[renewing(self._token)],
            **retries(),
        )

    def told(
        self, doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError
    ) -> AbstractContextManager[None]:
        """Return `trouble.told`, whose refusals also say who was refused."""
        return told(doing, state=state, failure=failure, who=self.chosen.origin)

    @property
    def _token(self) -> Tokens:
        return self.chosen.credential

    @property
    def _rules(self) -> dict[str, Any]:
        return {
            "base_url": self.cloud.resource_manager,
            "credential_scopes": [f"{self.cloud.resource_manager_audience}/.default"],
            "per_call_policies": [renewing(self._token)],
            **retries(),
        }


def require_packages() -> None:
    """Make sure that the extra `azure` is installed. Loads none of it.

    Raises:
        PreflightError: it is not, or a part of it is not.
    """
    missing = [name for name in _MODULES if not _is_there(name)]
    if missing:
        raise PreflightError(
            "The packages that targets on Azure need are not installed.",
            evidence=f"There is no {', '.join(missing)}.",
            state="Nothing was changed.",
            next_step=INSTALL,
        )


def required(value: str | None, key: str) -> str:
    """Return a setting that `llmops infra apply` writes, or the operator.

    Raises:
        PreflightError: the project file does not have it.
    """
    if value is None:
        raise PreflightError(
            f"The target has no `{key}`.",
            state="Nothing was changed.",
            next_step=f"llmops infra apply, or set `{key}` in llmops.toml and commit.",
        )
    return value


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
