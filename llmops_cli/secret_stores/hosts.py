"""Secrets on the hosts that use them: the same versions on each, readable by root alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.core.secret import Secret
from llmops_cli.hosts.several import Hosts


@dataclass(frozen=True)
class HostStore:
    """Implements `core.target.SecretStore` on all hosts at once."""

    hosts: Hosts

    def current_version(self, name: str) -> str | None:
        """Return the newest version that every host has, or None."""
        raise NotImplementedError

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none."""
        raise NotImplementedError

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version on all hosts, or on none."""
        raise NotImplementedError

    def remove(self, name: str) -> str:
        """Remove every version of a secret."""
        raise NotImplementedError

    def names(self) -> Sequence[str]:
        """Return the names of the secrets that have a value."""
        raise NotImplementedError

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted."""
        raise NotImplementedError

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        raise NotImplementedError

    def withdraw(self, name: str, version: str) -> None:
        """Remove a proposed version."""
        raise NotImplementedError
