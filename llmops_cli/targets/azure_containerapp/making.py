"""Makes a target on Azure Container Apps of what the project file says."""

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore, Target
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.session import Session
from llmops_cli.targets.azure_containerapp.target import AzureContainerApp

#: Seconds that a container which is to stop goes on accepting: its proxy learns of it meanwhile.
_LINGER_SECONDS = 5
#: Where the proxies of Container Apps are, as seen from a container.
#: https://learn.microsoft.com/azure/container-apps/custom-virtual-networks#subnet
_PROXIES = "100.100.0.0/16"
_TRUSTED = "LLMOPS_TRUSTED_PROXIES"


def make(
    config: Config,
    name: str,
    settings: AzureContainerAppTarget,
    account: Account,
    secrets: SecretStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    place = Place(
        account, settings, settings.app or config.name, config.image.port, config.image.is_ours
    )
    return AzureContainerApp(name, Session(place), secrets, _added(config, settings))


def _added(config: Config, settings: AzureContainerAppTarget) -> dict[str, str]:
    believed = [*config.api.limits.trusted_proxies, _PROXIES]
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container, which only its proxy reaches
        "PORT": str(config.image.port),
        "LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}",
        "LLMOPS_LINGER_SECONDS": str(_LINGER_SECONDS),
        _TRUSTED: ",".join(dict.fromkeys(believed)),
        **settings.identity_variables,
    }
