"""The login of a container registry of AWS (ECR): a token that lasts for twelve hours."""

import re
from collections.abc import Callable

from llmops_cli.clouds.aws.account import Account
from llmops_cli.registries.login import Credentials
from llmops_cli.registries.reference import Repository

_HOST = re.compile(r"[0-9]{12}\.dkr\.ecr(-fips)?\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


def region_of_registry(host: str) -> str | None:
    """Return the region that a registry of AWS is in; None for another registry."""
    found = _HOST.fullmatch(host)
    return found[2] if found else None


def logins_of(
    account: Account, *, is_target: bool
) -> "Callable[[Repository, Credentials], Credentials]":
    """Return what gives the login of a repository to somebody with an account at AWS."""
    raise NotImplementedError
