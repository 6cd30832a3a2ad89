"""Secrets in Secrets Manager of AWS: a version there is a version of ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.clouds.aws.account import Account
from llmops_cli.core.secret import Secret


@dataclass(frozen=True)
class SecretsManagerStore:
    """Keeps values in the account of a target; names begin with ``prefix`` there."""

    account: Account
    prefix: str

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret that counts, or None where there is none."""
        raise NotImplementedError

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none."""
        raise NotImplementedError

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version."""
        raise NotImplementedError

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted."""
        raise NotImplementedError

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        raise NotImplementedError

    def withdraw(self, name: str, version: str) -> None:
        """Make sure that nothing runs with a proposed version."""
        raise NotImplementedError

    def remove(self, name: str) -> str:
        """Remove a secret with all its versions, and say what an operator should know of it."""
        raise NotImplementedError

    def names(self) -> Sequence[str]:
        """Return the names of the secrets of ours that have a value."""
        raise NotImplementedError

    def reference(self, name: str, version: str) -> str:
        """Return how a release names a version of a secret:
        an ARN that ends with ``:::VERSION``.
        """
        raise NotImplementedError
