"""What a secret of ours is called in a Key Vault, and the address of one version of it there."""

from llmops_cli.clouds.azure.account import required
from llmops_cli.config.azure import AzureTarget


def name_in_vault(settings: AzureTarget, name: str) -> str:
    """Return the vault's name for ``OPENAI_API_KEY``: ``openai-api-key``, after the prefix.

    Names in a vault hold letters, digits and dashes, and capitals make no difference there.
    """
    return (settings.secret_prefix or "") + name.lower().replace("_", "-")


def address_of(settings: AzureTarget, name: str, version: str) -> str:
    """Return the address of one version of a value; App Service and Container Apps take it.

    Raises:
        PreflightError: the target names no vault.
    """
    vault = required(settings.key_vault, "key_vault").rstrip("/")
    return f"{vault}/secrets/{name_in_vault(settings, name)}/{version}"
