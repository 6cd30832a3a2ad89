"""The gcp-run target: releases as revisions of a service on Cloud Run, and traffic by percent."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.carrier import Carrier
from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.errors import LlmopsError, ReleaseNotFoundError
from llmops_cli.targets.gcp_run import (
    inspection,
    logs,
    moving,
    operating,
    preflight,
    rollout,
    staging,
)
from llmops_cli.targets.gcp_run.documents import documents_of
from llmops_cli.targets.gcp_run.memory import remembered
from llmops_cli.targets.gcp_run.place import UNTOUCHED, Place
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.shelved.book import Book, Ledger


@dataclass(frozen=True)
class CloudRun:
    """Stages a release as a revision without traffic, and moves the shares to it.

    ``added`` is what the place adds to a release's settings.
    """

    name: str
    session: Session
    secrets: SecretStore
    added: Mapping[str, str]
    kind: str = field(default="gcp-run", init=False)

    @property
    def place(self) -> Place:
        """The service, and how Google is asked about it."""
        return self.session.place

    @property
    def book(self) -> Book:
        """The lock, what is on record, and the history."""
        return self.session.book

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: where it listens, how it ends."""
        return self.added

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the template that would make a release's revision."""
        return documents_of(self.place, self.session.known(), self._ledger(), release)

    def inspect(self) -> State:
        """Read the service and its revisions, and ask the public address who answers."""
        return inspection.state_of(self.session, self.session.look())

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight.preflight(self.place, self.session.known(), release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return inspection.kept(self.session.known(), self._ledger())[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return inspection.find(self.session.known(), self._ledger(), prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if not names:
            return
        if self._ledger().entry(release) is None:
            raise ReleaseNotFoundError(
                f"There is no release {release!r} to name.", next_step="llmops releases"
            )
        self.book.name(release, names)

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        return self.book.unname(name)

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return tuple(self.book.history(limit))

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        self.book.record(event)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        read = logs.follow if follow else logs.last_lines
        return read(self.place, self._live_revision, lines)

    def address_of(self, candidate: Candidate) -> str:
        """Return the address of the revision's tag, at which it answers without having traffic."""
        return self.session.address

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.place.public_address(self.session.known().service)

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the lock; what a killed holder left half done is put in order first."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self.book.lock(holder, self._put_in_order))
            except LlmopsError as error:
                error.state = error.state or UNTOUCHED
                raise
            yield

    def candidate(self, release: Release) -> Candidate:
        """Name the revision that a release runs as: a kept one, or a new one."""
        return staging.candidate_of(self.place, self.session.known(), self._ledger(), release)

    def stage(self, candidate: Candidate) -> Plan:
        """Bring the revision up beside the live one, without traffic, and wait for it."""
        return rollout.stage(self.session, candidate)

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Move the traffic in steps, if nobody else has moved it since the deploy began."""
        return rollout.promote(self.session, candidate)

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Watch the release, put it on record, and remove what is too old to go back to."""
        return rollout.settle(self.session, candidate, names)

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what had it when the deploy began."""
        return rollout.restore(self.session, candidate, seen)

    def discard(self, candidate: Candidate) -> Plan:
        """Remove the candidate's address and revision, unless it ran before."""
        return rollout.discard(self.session, candidate)

    def start(self) -> Plan:
        """Let the service have instances again."""
        return one_step(
            Phase.OPERATE, f"Start {self.place.service}", lambda: operating.start(self.place)
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Scale the service to nothing; Google lets requests under way finish."""
        return one_step(
            Phase.OPERATE, f"Stop {self.place.service}", lambda: operating.stop(self.place)
        )

    def _ledger(self) -> Ledger:
        return remembered(self.session.known(), self.book.ledger())

    def _live_revision(self) -> str:
        seen = self.session.look()
        if seen.service is None:
            return ""
        ledger = remembered(seen, self.book.ledger())
        entry = ledger.entry(ledger.live)
        return entry.at if entry else inspection.serving(seen.service)

    def _put_in_order(self, pending: Mapping[str, str]) -> None:
        moving.put_in_order(self.session, pending)


@dataclass(frozen=True)
class PrivateCloudRun(CloudRun):
    """The same for a service that lets in only those whom IAM does."""

    def carrier(self, release: str = "") -> Carrier:
        """Return what brings questions to the candidate, if it is named, or to the service."""
        session = self.session
        public = self.place.public_address(session.known().service)
        found = session.carrier_to(session.address if release and session.address else public)
        assert found is not None
        return found
