"""Secrets in volumes of a Docker engine: one volume a version, written and read by `docker cp`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.core.secret import Secret
from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, TakenError
from llmops_cli.errors import EngineError, UsageError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: The file of a volume that holds the value.
VALUE = "value"


@dataclass(frozen=True)
class VolumeStore:
    """Keeps version N of a value in the volume ``STACK_secret_NAME_N``.

    The file is readable for every user of the containers that mount it, and only they mount it: a
    container's user is not known when the value is stored. A new value is a new volume, so
    releases that are pinned to the old one keep it. What was read is remembered, for a version
    never changes. A version that is proposed has an empty volume ``STACK_proposed_NAME_N``, from
    before it is there.
    """

    engine: Engine
    stack: str
    _known: dict[str, Secret] = field(default_factory=dict, repr=False, compare=False)

    def current_version(self, name: str) -> str | None:
        """Return the newest version of a secret, or None where there is none."""
        found = self._versions()
        return self._current(found.get(name, {}))

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none."""
        if version is not None and self.volume(name, version) in self._known:
            return self._known[self.volume(name, version)]
        there = self._versions().get(name, {})
        wanted = version or self._current(there)
        if wanted is None or not wanted.isdecimal() or int(wanted) not in there:
            return None
        volume = self.volume(name, wanted)
        if volume not in self._known:
            labels = {**self._labels, "llmops.role": "reader"}
            value = volumes.read(self.engine, volume, VALUE, labels)
            if value is None:
                return None
            self._known[volume] = Secret(value.decode())
        return self._known[volume]

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version, and return that version."""
        return self._add(name, value, is_proposed=False)

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted."""
        return self._add(name, value, is_proposed=True)

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        self.engine.run("volume", "rm", "--force", self._mark(name, version))

    def withdraw(self, name: str, version: str) -> None:
        """Remove a proposed version."""
        # In this order, so that it is current at no moment.
        self._known.pop(self.volume(name, version), None)
        self.engine.run("volume", "rm", "--force", self.volume(name, version))
        self.accept(name, version)

    def remove(self, name: str) -> str:
        """Remove every version of a secret.

        Raises:
            EngineError: a release that is kept has one still.
        """
        for version in self._versions().get(name, {}):
            volume = self.volume(name, str(version))
            self._known.pop(volume, None)
            try:
                self.engine.run("volume", "rm", volume)
            except EngineError as error:
                raise EngineError(
                    f"A release that is kept is pinned to version {version} of {name}.",
                    evidence=error.evidence,
                    state="That version stays, and so do newer ones.",
                    next_step="llmops releases; it can go when those releases are retired.",
                ) from error
            self.accept(name, str(version))
        return ""

    def names(self) -> tuple[str, ...]:
        """Return the names of the secrets that have a value."""
        return tuple(sorted(self._versions()))

    def volume(self, name: str, version: str) -> str:
        """Return the volume of a version, for a container that reads it itself."""
        return f"{self.stack}_secret_{name}_{version}"

    @property
    def _labels(self) -> dict[str, str]:
        return {"llmops.stack": self.stack}

    def _mark(self, name: str, version: str) -> str:
        return f"{self.stack}_proposed_{name}_{version}"

    def _add(self, name: str, value: Secret, *, is_proposed: bool) -> str:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of a secret.",
                next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY.",
            )
        version = self._newest(name) + 1
        entry = Entry(VALUE, value.reveal().encode())
        while True:
            labels = {**self._labels, "llmops.secret": name, "llmops.version": str(version)}
            if is_proposed:
                words = [word for label in labels.items() for word in ("--label", "=".join(label))]
                self.engine.run("volume", "create", *words, self._mark(name, str(version)))
            try:
                volumes.fill(self.engine, self.volume(name, str(version)), (entry,), labels)
            except TakenError:
                # Somebody writes that version now, or was killed at it: it is theirs.
                version += 1
            else:
                return str(version)

    def _newest(self, name: str) -> int:
        """Return the number of the newest version, even if it was only marked as proposed."""
        starts = (self.volume(name, ""), self._mark(name, ""))
        ends = [
            volume.removeprefix(start)
            for volume in volumes.volume_names(self.engine, self._labels)
            for start in starts
            if volume.startswith(start)
        ]
        return max([0, *(int(end) for end in ends if end.isdecimal())])

    def _current(self, versions: Mapping[int, bool]) -> str | None:
        good = [version for version, is_proposed in versions.items() if not is_proposed]
        return str(max(good)) if good else None

    def _versions(self) -> dict[str, dict[int, bool]]:
        """Return the versions of every name; of each, whether it is proposed only."""
        found: dict[str, dict[int, bool]] = {}
        prefix = self.volume("", "").removesuffix("_")
        named = volumes.volume_names(self.engine, self._labels)
        for volume in named:
            name, _dash, version = volume.removeprefix(prefix).rpartition("_")
            if volume.startswith(prefix) and version.isdecimal():
                is_proposed = self._mark(name, version) in named
                found.setdefault(name, {})[int(version)] = is_proposed
        return found
