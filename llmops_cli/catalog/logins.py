"""Who we are at the registry of a project, where the project names no user."""

from typing import TYPE_CHECKING

from llmops_cli.catalog.accounts import aws_account, azure_account, gcp_account
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import TargetSettings
from llmops_cli.core.target import Target

if TYPE_CHECKING:
    from llmops_cli.images.registry_of import Logins


def logins_for(config: Config, settings: TargetSettings, target: Target) -> "Logins":
    """Return how to log in at registries: as the target's account, or as the registry's cloud."""
    if isinstance(settings, AzureTarget):
        from llmops_cli.clouds.azure.registry_login import logins_of as of_azure

        return of_azure(azure_account(settings, target), is_target=True)
    if isinstance(settings, AwsTarget):
        from llmops_cli.clouds.aws.registry_login import logins_of as of_aws

        return of_aws(aws_account(settings, target), is_target=True)
    if isinstance(settings, GcpTarget):
        from llmops_cli.clouds.gcp.registry_login import logins_of as of_gcp

        return of_gcp(gcp_account(settings, target), is_target=True)
    return _by_name((config.image.repository or "").partition("/")[0])


def _by_name(host: str) -> "Logins":
    """Return the login of a cloud's registry for a target that is elsewhere."""
    from llmops_cli.clouds.aws import registry_login as aws
    from llmops_cli.clouds.aws.account import Account as AwsAccount
    from llmops_cli.clouds.azure.account import Account as AzureAccount
    from llmops_cli.clouds.azure.cloud import cloud_of_registry
    from llmops_cli.clouds.azure.registry_login import logins_of
    from llmops_cli.clouds.gcp import registry_login as gcp
    from llmops_cli.clouds.gcp.account import Account as GcpAccount
    from llmops_cli.images.registry_of import stored_only

    cloud = cloud_of_registry(host)
    if cloud is not None:
        account = AzureAccount(AzureTarget.model_validate({"kind": "azure", "cloud": cloud}))
        return logins_of(account, is_target=False)
    region = aws.region_of_registry(host)
    if region is not None:
        return aws.logins_of(AwsAccount(AwsTarget(region=region)), is_target=False)
    if gcp.is_artifact_registry(host):
        return gcp.logins_of(GcpAccount(GcpTarget(kind="gcp")), is_target=False)
    return stored_only
