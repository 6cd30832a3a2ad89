"""The login of a container registry of Google Cloud (Artifact Registry): an access token."""

from collections.abc import Callable

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.registries.login import Credentials
from llmops_cli.registries.reference import Repository


def is_artifact_registry(host: str) -> bool:
    """Whether a registry is one of Google Cloud's."""
    return host.endswith("-docker.pkg.dev")


def logins_of(
    account: Account, *, is_target: bool
) -> "Callable[[Repository, Credentials], Credentials]":
    """Return what gives the login of a repository to somebody with an account at Google."""
    raise NotImplementedError
