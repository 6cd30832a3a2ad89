"""The account, or the engine, that a target asks: one for all that a command does with it."""

from typing import TYPE_CHECKING

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.core.target import Target

if TYPE_CHECKING:
    from llmops_cli.clouds.aws.account import Account as AwsAccount
    from llmops_cli.clouds.azure.account import Account as AzureAccount
    from llmops_cli.clouds.gcp.account import Account as GcpAccount
    from llmops_cli.engine.docker import Engine


def azure_account(settings: AzureTarget, target: Target) -> "AzureAccount":
    """Return the account of a target on Azure, so that tokens are shared."""
    from llmops_cli.clouds.azure.account import Account
    from llmops_cli.secret_stores.key_vault import KeyVaultStore

    store = target.secrets
    return store.account if isinstance(store, KeyVaultStore) else Account(settings)


def aws_account(settings: AwsTarget, target: Target) -> "AwsAccount":
    """Return the account of a target on AWS."""
    from llmops_cli.clouds.aws.account import Account
    from llmops_cli.secret_stores.secrets_manager import SecretsManagerStore

    store = target.secrets
    return store.account if isinstance(store, SecretsManagerStore) else Account(settings)


def gcp_account(settings: GcpTarget, target: Target) -> "GcpAccount":
    """Return the account of a target on Google Cloud."""
    from llmops_cli.clouds.gcp.account import Account
    from llmops_cli.secret_stores.secret_manager import SecretManagerStore

    store = target.secrets
    return store.account if isinstance(store, SecretManagerStore) else Account(settings)


def engine_of(settings: ComposeTarget, target: Target) -> "Engine":
    """Return the engine of a target, so that one login serves all."""
    from llmops_cli.engine.docker import Engine
    from llmops_cli.secret_stores.volumes import VolumeStore

    store = target.secrets
    if isinstance(store, VolumeStore):
        return store.engine
    return Engine(host=settings.docker_host, context=settings.context)
