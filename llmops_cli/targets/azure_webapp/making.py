"""Makes a target on Azure App Service of what the project file says."""

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore, Target
from llmops_cli.targets.azure_webapp.side import Clock, Side
from llmops_cli.targets.azure_webapp.survey import App
from llmops_cli.targets.azure_webapp.target import WebappTarget


def make(
    config: Config, name: str, settings: AzureWebappTarget, account: Account, secrets: SecretStore
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    site, clock = settings.app or config.name, Clock()
    app = App(
        account,
        settings,
        Side(account, site, clock=clock),
        Side(account, site, settings.slot, clock),
        config.image.repository or config.image.reference or "",
    )
    return WebappTarget(name, app, secrets, config.image.port)
