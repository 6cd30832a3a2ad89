"""Secrets in a Key Vault of Azure: a version of the vault is a version of ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.clouds.azure.account import Account
from llmops_cli.core.secret import Secret


@dataclass(frozen=True)
class KeyVaultStore:
    """Keeps values in the vault that a target names."""

    account: Account

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret, or None where there is none."""
        raise NotImplementedError

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none."""
        raise NotImplementedError

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove a secret with all its versions."""
        raise NotImplementedError

    def names(self) -> Sequence[str]:
        """Return the names of the secrets that have a value."""
        raise NotImplementedError
