"""What every target can do; flows know targets by this protocol and by nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from llmops_cli.core.carrier import Carrier
from llmops_cli.core.plan import Plan
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.secret import Secret


@dataclass(frozen=True)
class Holder:
    """Who holds a target's lock: shown to everybody who finds it taken."""

    owner: str
    command: str
    since: datetime
    process: int
    host: str


@dataclass(frozen=True)
class Problem:
    """Something that a preflight found: what is wrong, and the command or edit that mends it."""

    what: str
    fix: str


@dataclass(frozen=True)
class Event:
    """A line of a target's history: what was done with which release, when, by whom."""

    at: datetime
    action: str
    release: str
    by: str
    details: Mapping[str, str]


class SecretStore(Protocol):
    """Where a target keeps secret values; each value has a version, the newest is current.

    A version that is proposed can be read by its name, and is not current until it is accepted;
    one that is withdrawn never will be. ``remove`` says what an operator should know of it besides.
    """

    def current_version(self, name: str) -> str | None: ...
    def read(self, name: str, version: str | None = None) -> Secret | None: ...
    def write(self, name: str, value: Secret) -> str: ...
    def remove(self, name: str) -> str: ...
    def names(self) -> Sequence[str]: ...
    def propose(self, name: str, value: Secret) -> str: ...
    def accept(self, name: str, version: str) -> None: ...
    def withdraw(self, name: str, version: str) -> None: ...


class ReferringStore(SecretStore, Protocol):
    """A store whose values a cloud puts into releases itself, by references."""

    def reference(self, name: str, version: str) -> str: ...


class Target(Protocol):
    """A place where releases run. Methods that return a Plan change nothing themselves."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def secrets(self) -> SecretStore: ...

    # Reading
    def settings(self) -> Mapping[str, str]: ...
    def inspect(self) -> State: ...
    def preflight(self, release: Release) -> Sequence[Problem]: ...
    def releases(self, limit: int) -> Sequence[KeptRelease]: ...
    def find(self, prefix: str) -> Sequence[Release]: ...
    def history(self, limit: int) -> Sequence[Event]: ...
    def logs(self, *, lines: int, follow: bool) -> Iterator[str]: ...
    def public_address(self, release: Release) -> str: ...
    def address_of(self, candidate: Candidate) -> str: ...

    # Deploying, inside `lock`
    def lock(self, holder: Holder) -> AbstractContextManager[None]: ...
    def candidate(self, release: Release) -> Candidate: ...
    def stage(self, candidate: Candidate) -> Plan: ...
    def promote(self, candidate: Candidate, seen: State) -> Plan: ...
    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan: ...
    def restore(self, candidate: Candidate, seen: State) -> Plan: ...
    def discard(self, candidate: Candidate) -> Plan: ...
    def record(self, event: Event) -> None: ...

    # Operating
    def start(self) -> Plan: ...
    def stop(self, grace: float | None = None) -> Plan: ...
    def name_release(self, release: str, names: Sequence[str]) -> None: ...
    def unname_release(self, name: str) -> bool: ...


@runtime_checkable
class Vouching(Protocol):
    """A target whose public address may show a certificate that no authority here knows."""

    def certificates(self) -> str:
        """Return certificates (PEM) to trust besides the system's, "" where there is none."""
        ...


def trusted_for(target: Target) -> str:
    """Return the certificates (PEM) that a target vouches for, "" where it vouches for none."""
    return target.certificates() if isinstance(target, Vouching) else ""


@runtime_checkable
class Carrying(Protocol):
    """A target whose releases are asked by way of the cloud, for they have no plain address."""

    def carrier(self, release: str = "") -> Carrier:
        """Return what brings questions to a release, or else to whichever answers."""
        ...


def carrier_for(target: Target, release: str = "") -> Carrier | None:
    """Return what brings questions to a target's releases; None where its addresses are plain."""
    return target.carrier(release) if isinstance(target, Carrying) else None


@runtime_checkable
class Witnessing(Protocol):
    """A target that says where a candidate is checked, and what has befallen one since."""

    def checked_at(self) -> str:
        """Return what the address is at which a candidate is checked, as "its test address"."""
        ...

    def befallen(self, candidate: Candidate) -> Sequence[str]:
        """Return lines about a candidate that fails its checks. Raises nothing of its own."""
        ...


def checked_at(target: Target) -> str:
    """Return what the address is at which a target's candidates are checked, in a few words."""
    return target.checked_at() if isinstance(target, Witnessing) else "its private address"


def befallen(target: Target, candidate: Candidate) -> Sequence[str]:
    """Return what a target can say of a candidate that fails its checks, nothing if it cannot."""
    return target.befallen(candidate) if isinstance(target, Witnessing) else ()


@runtime_checkable
class Documented(Protocol):
    """A target, or what makes its images, whose work is described by files that one can read."""

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the texts that it would use for a release, by path; no secret is in them."""
        ...


@runtime_checkable
class Serviced(Protocol):
    """A target that runs services beside the API, each of which writes a log of its own."""

    def service_logs(self, service: str, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of a service's log, then, if followed, what comes."""
        ...
