"""Secrets in a Key Vault of Azure: a version of the vault is a version of ours."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from llmops_cli.clouds.azure import vault
from llmops_cli.clouds.azure.account import Account, required
from llmops_cli.clouds.azure.vault_names import name_in_vault
from llmops_cli.clouds.azure.vault_trouble import disabled, explained
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.secret import Secret
from llmops_cli.errors import DeployError, UsageError

if TYPE_CHECKING:
    from azure.keyvault.secrets import KeyVaultSecret, SecretClient, SecretProperties

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: What a vault takes: characters of a name, and bytes of a value.
_LONGEST_NAME, _LARGEST = 127, 25_600
#: The tag with our own name for a secret: whoever has it was set by us.
NAME_TAG = "llmops-name"
#: The tag of a version that was written for a rollout which has not gone well yet.
PROPOSED_TAG = "llmops-proposed"
#: Seconds that a vault may take to delete or to recover, and between two looks at it.
_SECONDS, _LONGEST_PAUSE = 60.0, 2.0


@dataclass(frozen=True)
class KeyVaultStore:
    """Keeps values in the vault that a target names.

    What was read is remembered: a version never changes, and which one is current is to be the same
    for the whole of a command. A version that is disabled is never the current one, and neither is
    one that was proposed and not accepted.
    """

    account: Account
    _known: dict[tuple[str, str], Secret] = field(default_factory=dict, repr=False, compare=False)
    _current: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret, or None where there is none.

        Raises:
            AccessError: the vault does not let us read.
            PreflightError: the target names no vault, or it does not answer.
        """
        if name not in self._current:
            self._current[name] = self._find_current(name)
        return self._current[name]

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none.

        Raises:
            AccessError, PreflightError: as for `current_version`, or the version is disabled.
        """
        wanted = version or self.current_version(name)
        if wanted is None:
            return None
        if (name, wanted) not in self._known:
            try:
                with explained(self.account, f"read {name}"):
                    found = vault.get(self._client, self._there(name), wanted)
            except vault.DisabledError as error:
                raise disabled(self.account, name, wanted) from error
            if found is None:
                return None
            self._remember(name, found)
        return self._known[name, wanted]

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version.

        A name that was removed is recovered first, with its older versions.

        Raises:
            UsageError: a vault takes no such name or value.
            AccessError, PreflightError: as for `current_version`.
        """
        version = self._set(name, value, {NAME_TAG: name})
        self._current[name] = version
        return version

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted.

        Errors are those of `write`.
        """
        return self._set(name, value, {NAME_TAG: name, PROPOSED_TAG: "true"})

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        with explained(self.account, f"make a new value of {name} current"):
            there = self._there(name)
            self._client.update_secret_properties(there, version, tags={NAME_TAG: name})
        self._current[name] = version

    def withdraw(self, name: str, version: str) -> None:
        """Disable a proposed version, so that nothing runs with it."""
        with explained(self.account, f"disable the new value of {name}"):
            self._client.update_secret_properties(self._there(name), version, enabled=False)

    def remove(self, name: str) -> str:
        """Remove a secret with all its versions, and say how long the vault keeps them still."""
        with explained(self.account, f"remove {name}"):
            deleted = vault.delete(self._client, self._there(name))
        self._current[name] = None
        for key in [key for key in self._known if key[0] == name]:
            del self._known[key]
        if deleted is None or deleted.recovery_id is None:
            return ""
        until = deleted.scheduled_purge_date
        kept = f"The vault keeps it until {until:%Y-%m-%d}" if until else "The vault keeps it still"
        level: object = deleted.properties.recovery_level
        is_purgeable = "purgeable" in str(getattr(level, "value", level)).lower()
        protected = "" if is_purgeable else ", and nobody can purge it before"
        return f"{kept}{protected}; to bring it back: llmops secrets set {name}"

    def names(self) -> Sequence[str]:
        """Return the names of the secrets of ours that have a value; a vault may be shared."""
        with explained(self.account, "list the secrets"):
            found = [
                (properties.name, (properties.tags or {}).get(NAME_TAG))
                for properties in self._client.list_properties_of_secrets()
            ]
        ours = {name for there, name in found if name and self._is_at(name, there)}
        return tuple(sorted(ours))

    @cached_property
    def _client(self) -> "SecretClient":
        return self.account.vault(required(self.account.settings.key_vault, "key_vault"))

    def _is_at(self, name: str, there: str | None) -> bool:
        # Another project's secret, in the same vault, has another prefix.
        settings = self.account.settings
        return (
            bool(_NAME.fullmatch(name)) and name_in_vault(settings, name) == (there or "").lower()
        )

    def _there(self, name: str) -> str:
        there = name_in_vault(self.account.settings, name)
        if not _NAME.fullmatch(name) or len(there) > _LONGEST_NAME:
            raise UsageError(
                f"{name!r} cannot be the name of a secret.",
                next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY; "
                f"with the prefix at most {_LONGEST_NAME}.",
            )
        return there

    def _find_current(self, name: str) -> str | None:
        there = self._there(name)
        with explained(self.account, f"read {name}"):
            with suppress(vault.DisabledError):
                newest = vault.get(self._client, there, None)
                if newest is None:
                    return None
                if _is_good(newest.properties):
                    return self._remember(name, newest)
            # The newest does not count, so the ones before it have to be looked through.
            versions = self._client.list_properties_of_secret_versions(there)
            good = [each for each in versions if _is_good(each)]
        latest = max(good, key=_moment, default=None)
        return latest.version if latest else None

    def _set(self, name: str, value: Secret, tags: dict[str, str]) -> str:
        if len(value.reveal().encode()) > _LARGEST:
            raise UsageError(
                f"The value for {name} is longer than a vault takes: {_LARGEST} bytes.",
                state="Nothing was stored.",
            )
        there = self._there(name)
        with explained(self.account, f"store {name}"):
            for _passed in pauses(_SECONDS, longest=_LONGEST_PAUSE):
                made = vault.put(self._client, there, value, tags)
                if made is not None:
                    return self._remember(name, made)
        raise DeployError(
            f"The vault has not recovered {name} within {_SECONDS:g} s.",
            state="Nothing was stored.",
            next_step=f"llmops secrets set {name}",
        )

    def _remember(self, name: str, found: "KeyVaultSecret") -> str:
        version = str(found.properties.version)
        self._known[name, version] = Secret(found.value or "")
        return version


def _is_good(properties: "SecretProperties") -> bool:
    return properties.enabled is not False and PROPOSED_TAG not in (properties.tags or {})


def _moment(properties: "SecretProperties") -> float:
    return properties.created_on.timestamp() if properties.created_on else 0.0
