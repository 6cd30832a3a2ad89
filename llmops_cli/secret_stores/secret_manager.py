"""Secrets in Secret Manager of Google Cloud: a version there is a version of ours."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.vault import DamagedError, Described, DisabledError, Vault
from llmops_cli.core.secret import Secret
from llmops_cli.errors import PreflightError, UsageError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: Characters of a name, and bytes of a value, that Secret Manager takes.
_LONGEST_NAME, _LARGEST = 255, 65_536
#: The versions that were written for a rollout which has not gone well yet, or never did. An
#: annotation of the secret holds them: versions have no place for one, and an alias would be an
#: address by which somebody might use such a version.
PROPOSED = "llmops-proposed"
#: The newest version that counts while one is being proposed: it is marked after it is there.
NEWEST = "llmops-newest"
_ATTEMPTS = 5
_STATE = "Nothing was changed."


@dataclass(frozen=True)
class SecretManagerStore:
    """Keeps values in the account of a target; names begin with ``prefix`` there.

    What was read is remembered: a version never changes, and which one is current is to be the same
    for the whole of a command. A version that is disabled is never the current one, and neither is
    one that was proposed and not accepted.
    """

    account: Account
    prefix: str
    _known: dict[tuple[str, str], Secret] = field(default_factory=dict, repr=False, compare=False)
    _current: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret that counts, or None where there is none.

        Raises:
            AccessError: we may not read.
            PreflightError: the target names no project, or Secret Manager does not answer.
        """
        if name not in self._current:
            self._current[name] = self._find_current(name)
        return self._current[name]

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none.

        Raises:
            AccessError, PreflightError: as for `current_version`, or the version is disabled, or
                its value damaged.
        """
        wanted = version or self.current_version(name)
        if wanted is None:
            return None
        if (name, wanted) not in self._known:
            found = self._access(name, wanted)
            if found is None:
                return None
            self._known[name, wanted] = found
        return self._known[name, wanted]

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version.

        Raises:
            UsageError: Secret Manager takes no such name or value.
            AccessError, PreflightError: as for `current_version`.
        """
        version = self._add(name, value)
        # What a proposal that was killed left behind would keep this one from counting.
        self._annotate(name, lambda found: _without(found, NEWEST))
        self._current[name] = version
        return version

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted.

        Nobody takes it for the current one at any moment, nor where we are killed. Errors are those
        of `write`.
        """
        there = self._there(name)
        with self._told(f"read {name}"):
            newest = max(self._vault.enabled(there), default=0)
        self._make(name)
        self._annotate(name, lambda found: {NEWEST: str(newest), **found})
        version = self._add(name, value)
        made = [*self._lost(name, value, newest, int(version)), version]
        self._annotate(name, lambda found: _proposed(_without(found, NEWEST), made))
        return version

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        self._annotate(name, lambda found: _accepted(found, version))
        self._current[name] = version

    def withdraw(self, name: str, version: str) -> None:
        """Disable a proposed version, so that nothing runs with it; it stays marked."""
        with self._told(f"disable the new value of {name}"):
            self._vault.disable(self._there(name), version)

    def remove(self, name: str) -> str:
        """Remove a secret with all its versions, and say what an operator should know of it."""
        with self._told(f"remove {name}"):
            was_there = self._vault.delete(self._there(name))
        self._current[name] = None
        for key in [key for key in self._known if key[0] == name]:
            del self._known[key]
        if not was_there:
            return ""
        return "Google keeps nothing of it, and releases that were made with it start no more."

    def names(self) -> Sequence[str]:
        """Return the names of the secrets of ours that have a value; a project may be shared."""
        with self._told("list the secrets"):
            ids = self._vault.ids(self.prefix)
        ours = sorted(id.removeprefix(self.prefix) for id in ids)
        return tuple(
            name
            for name in ours
            if _NAME.fullmatch(name) and self.current_version(name) is not None
        )

    def reference(self, name: str, version: str) -> str:
        """Return how a release names a version of a secret:
        ``projects/P/secrets/S/versions/V``.
        """
        return f"{self._there(name)}/versions/{version}"

    @cached_property
    def _vault(self) -> Vault:
        return Vault(self.account)

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        with self.account.told(doing, state=_STATE, failure=PreflightError):
            yield

    def _there(self, name: str) -> str:
        """Return the whole name of a secret in Secret Manager."""
        id = self.prefix + name
        if not _NAME.fullmatch(name) or len(id) > _LONGEST_NAME:
            raise UsageError(
                f"{name!r} cannot be the name of a secret.",
                next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY; "
                f"with the prefix at most {_LONGEST_NAME}.",
            )
        return f"projects/{self.account.project}/secrets/{id}"

    def _find_current(self, name: str) -> str | None:
        there = self._there(name)
        with self._told(f"read {name}"):
            numbers = self._vault.enabled(there)
            described = self._vault.describe(there) if numbers else None
        if described is None:
            return None
        ours = described.annotations
        limit = int(ours[NEWEST]) if ours.get(NEWEST, "").isdecimal() else max(numbers)
        good = [n for n in numbers if n <= limit and str(n) not in _marked(ours)]
        return str(max(good)) if good else None

    def _access(self, name: str, version: str) -> Secret | None:
        try:
            with self._told(f"read {name}"):
                return self._vault.access(self._there(name), version)
        except DisabledError as error:
            raise PreflightError(
                f"Version {version} of {name} is disabled or destroyed in Secret Manager.",
                state=_STATE,
                next_step=f"gcloud secrets versions enable {version} --secret={self.prefix}{name}, "
                f"or set another value: llmops secrets set {name}",
            ) from error
        except DamagedError as error:
            raise PreflightError(
                f"Version {version} of {name} is no text, or does not fit its checksum.",
                state=_STATE,
                next_step=f"Try again; if it stays so: llmops secrets set {name}",
            ) from error

    def _make(self, name: str) -> Described:
        there = self._there(name)
        with self._told(f"make {name}"):
            described = self._vault.describe(there)
            if described is None:
                self._vault.make(there)
                described = self._vault.describe(there)
        return described or Described(there)

    def _add(self, name: str, value: Secret) -> str:
        if len(value.reveal().encode()) > _LARGEST:
            raise UsageError(
                f"The value for {name} is longer than Secret Manager takes: {_LARGEST} bytes.",
                state="Nothing was stored.",
            )
        self._make(name)
        with self._told(f"store {name}"):
            version = self._vault.add(self._there(name), value)
        self._known[name, version] = value
        return version

    def _lost(self, name: str, value: Secret, newest: int, version: int) -> list[str]:
        """Return the versions that requests of ours made to which nobody answered.

        They hold the value too, and would count if they were not marked.
        """
        if version == newest + 1:
            return []
        with self._told(f"read {name}"):
            there = [n for n in self._vault.enabled(self._there(name)) if newest < n < version]
        return [str(n) for n in there if self._access(name, str(n)) == value]

    def _annotate(
        self, name: str, changed: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> None:
        """Change the annotations, again where somebody else has just changed them."""
        from google.api_core.exceptions import Aborted, FailedPrecondition

        with self._told(f"mark a version of {name}"):
            for attempt in range(_ATTEMPTS):
                described = self._make(name)
                wanted = changed(described.annotations)
                if wanted == described.annotations:
                    return
                try:
                    self._vault.annotate(described, wanted)
                    return
                except (Aborted, FailedPrecondition):
                    if attempt + 1 == _ATTEMPTS:
                        raise


def _marked(annotations: Mapping[str, str]) -> list[str]:
    return [version for version in annotations.get(PROPOSED, "").split(",") if version]


def _without(annotations: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: text for name, text in annotations.items() if name != key}


def _proposed(annotations: Mapping[str, str], versions: Sequence[str]) -> dict[str, str]:
    return {**annotations, PROPOSED: ",".join([*_marked(annotations), *versions])}


def _accepted(annotations: Mapping[str, str], version: str) -> dict[str, str]:
    left = [one for one in _marked(annotations) if one != version]
    found = _without(annotations, PROPOSED)
    return {**found, PROPOSED: ",".join(left)} if left else found
