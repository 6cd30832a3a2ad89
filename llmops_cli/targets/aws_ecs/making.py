"""Makes a target of kind "aws" of what the project file says."""

from llmops_cli.clouds.aws.account import Account
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.shelved.book import Book


def make(
    config: Config,
    name: str,
    settings: AwsTarget,
    *,
    account: Account,
    book: Book,
    secrets: ReferringStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    raise NotImplementedError
