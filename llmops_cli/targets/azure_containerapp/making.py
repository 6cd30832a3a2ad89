"""Makes a target on Azure Container Apps of what the project file says."""

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore, Target


def make(
    config: Config,
    name: str,
    settings: AzureContainerAppTarget,
    account: Account,
    secrets: SecretStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    raise NotImplementedError
