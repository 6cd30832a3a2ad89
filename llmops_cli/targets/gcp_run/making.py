"""Makes a target of kind "gcp-run" of what the project file says."""

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.shelved.book import Book


def make(
    config: Config,
    name: str,
    settings: CloudRunTarget,
    *,
    account: Account,
    book: Book,
    secrets: ReferringStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    raise NotImplementedError
