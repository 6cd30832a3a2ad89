"""Secrets in Secrets Manager of AWS: a version there is a version of ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.clouds.aws import secret_values as values
from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.secret_values import CURRENT, NAME_TAG, Found, explained, stage_of
from llmops_cli.core.secret import Secret
from llmops_cli.errors import PreflightError, UsageError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: What Secrets Manager takes: characters of a name, bytes of a value, characters of a version.
_LONGEST_NAME, _LARGEST, _VERSION = 512, 65_536, range(32, 65)


@dataclass(frozen=True)
class SecretsManagerStore:
    """Keeps values in the account of a target; names begin with ``prefix`` there.

    What was read is remembered: a version never changes, and which one is current is to be the same
    for the whole of a command. AWS keeps the hundred newest versions of a secret.
    """

    account: Account
    prefix: str
    _known: dict[tuple[str, str], Secret] = field(default_factory=dict, repr=False, compare=False)
    _current: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)
    _places: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def current_version(self, name: str) -> str | None:
        """Return the version in the stage AWSCURRENT, or None where there is none that counts.

        Raises:
            AccessError: we may not read it.
            PreflightError: AWS does not answer.
        """
        if name not in self._current:
            found = values.get(self.account, self._there(name), f"read {name}")
            self._current[name] = self._remember(name, found) if found else None
            if found and not found.is_current:
                self._current[name] = None
        return self._current[name]

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the current one unless a version is named; None where there is none.

        Errors are those of `current_version`.
        """
        wanted = version or self.current_version(name)
        if wanted is None or len(wanted) not in _VERSION:
            return None
        if (name, wanted) not in self._known:
            found = values.get(self.account, self._there(name), f"read {name}", wanted)
            if found is None:
                return None
            self._remember(name, found)
        return self._known[name, wanted]

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the current version, and return that version.

        A name that was removed is brought back first, with its older versions.

        Raises:
            UsageError: Secrets Manager takes no such name or value.
            AccessError, PreflightError: as for `current_version`.
        """
        version = self._put(name, value, is_proposed=False)
        self._current[name] = version
        return version

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted.

        Errors are those of `write`.
        """
        return self._put(name, value, is_proposed=True)

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        doing = f"make a new value of {name} current"
        there = self._stages(name, doing)
        before = _in_stage(there, CURRENT)
        if before != version:
            # Whoever has it now is named, so that nobody's newer value is put aside unseen.
            from_it = {"RemoveFromVersionId": before} if before else {}
            self._move(name, doing, CURRENT, MoveToVersionId=version, **from_it)
        if stage_of(version) in there.get(version, ()):
            self._move(name, doing, stage_of(version), RemoveFromVersionId=version)
        self._current[name] = version

    def withdraw(self, name: str, version: str) -> None:
        """Take the stage of a proposed version away: AWS removes it by and by."""
        doing = f"withdraw the new value of {name}"
        stages = self._stages(name, doing).get(version, ())
        # The first version of all is current to AWS, and can only be marked as not counting.
        if stage_of(version) in stages and CURRENT not in stages:
            self._move(name, doing, stage_of(version), RemoveFromVersionId=version)

    def remove(self, name: str) -> str:
        """Remove a secret with all its versions, and say until when AWS keeps them still."""
        there = self._there(name)
        self._current[name] = None
        for key in [key for key in self._known if key[0] == name]:
            del self._known[key]
        place, _stages = values.stages(self.account, there, f"remove {name}")
        if not place:
            return ""
        try:
            with explained(self.account, f"remove {name}") as client:
                answer = client.delete_secret(
                    SecretId=there, RecoveryWindowInDays=values.RECOVERY_DAYS
                )
        except values.ScheduledError:
            return f"It was removed before; to bring it back: llmops secrets set {name}"
        until = answer["DeletionDate"]
        return (
            f"Secrets Manager keeps it until {until:%Y-%m-%d}; to bring it back: "
            f"llmops secrets set {name}"
        )

    def names(self) -> Sequence[str]:
        """Return the names of the secrets of ours that have a value; an account may be shared."""
        filters = [{"Key": "name", "Values": [self.prefix]}]
        with explained(self.account, "list the secrets") as client:
            pages = client.get_paginator("list_secrets").paginate(Filters=filters)
            found = [one for page in pages for one in page["SecretList"]]
        return tuple(sorted({name for one in found if (name := self._ours(one))}))

    def reference(self, name: str, version: str) -> str:
        """Return how a release names a version of a secret:
        an ARN that ends with ``:::VERSION``.

        Raises:
            PreflightError: there is no such secret.
        """
        if name not in self._places:
            self._stages(name, f"find {name}")
        return f"{self._places[name]}:::{version}"

    def _there(self, name: str) -> str:
        there = f"{self.prefix}{name}"
        if not _NAME.fullmatch(name) or len(there) > _LONGEST_NAME:
            raise UsageError(
                f"{name!r} cannot be the name of a secret.",
                next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY; "
                f"with the prefix at most {_LONGEST_NAME}.",
            )
        return there

    def _put(self, name: str, value: Secret, *, is_proposed: bool) -> str:
        there = self._there(name)
        if len(value.reveal().encode()) > _LARGEST or not value.reveal():
            raise UsageError(
                f"Secrets Manager takes values of 1 to {_LARGEST} bytes, and not this of {name}.",
                state="Nothing was stored.",
            )
        found = values.put(self.account, there, name, value, is_proposed=is_proposed)
        return self._remember(name, found)

    def _stages(self, name: str, doing: str) -> Mapping[str, Sequence[str]]:
        place, stages = values.stages(self.account, self._there(name), doing)
        if not place:
            raise PreflightError(
                f"There is no secret {self._there(name)} in Secrets Manager.",
                state="Nothing was changed.",
                next_step=f"llmops secrets set {name}",
            )
        self._places[name] = place
        return stages

    def _move(self, name: str, doing: str, stage: str, **versions: str) -> None:
        with explained(self.account, doing) as client:
            client.update_secret_version_stage(
                SecretId=self._there(name), VersionStage=stage, **versions
            )

    def _ours(self, listed: Mapping[str, Any]) -> str | None:
        """Return our name for a listed secret; None for one of others, or without a value."""
        name = str(listed["Name"]).removeprefix(self.prefix)
        tags = {tag["Key"]: tag.get("Value") for tag in listed.get("Tags") or ()}
        if f"{self.prefix}{name}" != listed["Name"] or tags.get(NAME_TAG, name) != name:
            return None
        stages = listed.get("SecretVersionsToStages") or {}
        has_value = any(CURRENT in one and not values.is_proposed(one) for one in stages.values())
        return name if has_value and _NAME.fullmatch(name) else None

    def _remember(self, name: str, found: Found) -> str:
        self._known[name, found.version] = found.value
        self._places[name] = found.place
        return found.version


def _in_stage(versions: Mapping[str, Sequence[str]], stage: str) -> str | None:
    return next((version for version, stages in versions.items() if stage in stages), None)
