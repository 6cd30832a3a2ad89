"""The azure-containerapp target: releases as revisions of an app, and traffic by weight."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.azure_containerapp import (
    inspection,
    lock,
    logs,
    moving,
    naming,
    operating,
    preflight,
    rollout,
    staging,
)
from llmops_cli.targets.azure_containerapp.documents import documents_of
from llmops_cli.targets.azure_containerapp.lock import Lease
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import UNTOUCHED, Place
from llmops_cli.targets.azure_containerapp.records import events_of
from llmops_cli.targets.azure_containerapp.session import Session


@dataclass(frozen=True)
class AzureContainerApp:
    """Stages a release as a revision without traffic, and moves the weights to it.

    ``added`` is what the place adds to a release's settings.
    """

    name: str
    session: Session
    secrets: SecretStore
    added: Mapping[str, str]
    kind: str = field(default="azure-containerapp", init=False)

    @property
    def place(self) -> Place:
        """The app, and how Azure is asked about it."""
        return self.session.place

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: where it listens, how it ends."""
        return self.added

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the change that would make a release's revision."""
        return documents_of(self.place, self.session.known(), release)

    def inspect(self) -> State:
        """Read the app and its revisions, and ask the public address who answers."""
        return inspection.state_of(self.place, self.session.look())

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight.preflight(self.place, self.session.known(), release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return inspection.kept(self.session.known())[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return inspection.find(self.session.known(), prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if names:
            naming.name(self.session, release, names)

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        return naming.unname(self.session, name)

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first, as many as the tags of the app hold."""
        app = self.session.known().app
        return events_of(app.tags)[:limit] if app else ()

    def record(self, event: Event) -> None:
        """Add an event to the history; the lock is given back with it."""
        naming.record(self.session, event)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        read = logs.follow if follow else logs.last_lines
        return read(self.place, self._live_revision, lines)

    def address_of(self, candidate: Candidate) -> str:
        """Return the revision's own address, at which it answers without having traffic."""
        ready = self.session.ready or self.place.read_revision(candidate.name)
        return f"https://{ready.fqdn}" if ready else ""

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.place.public_address(self.session.known().app)

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the app's lock; what a killed holder left half done is put in order first."""
        lease = lock.new_lease(self.place, holder)
        try:
            self._take(lease)
            yield
        finally:
            self._unlock(lease)

    def candidate(self, release: Release) -> Candidate:
        """Name the revision that a release runs as: a kept one, or a new one."""
        return staging.candidate_of(self.place, self.session.known(), release)

    def stage(self, candidate: Candidate) -> Plan:
        """Bring the revision up beside the live one, without traffic, and wait for it."""
        return rollout.stage(self.session, candidate)

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Move the traffic in steps, if nobody else has moved it since the deploy began."""
        return rollout.promote(self.session, candidate)

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Watch the release, put it on record, and stop what is too old to go back to."""
        return rollout.settle(self.session, candidate, names)

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what had it when the deploy began."""
        return rollout.restore(self.session, candidate, seen)

    def discard(self, candidate: Candidate) -> Plan:
        """Stop the candidate's revision, unless it ran before."""
        return rollout.discard(self.session, candidate)

    def start(self) -> Plan:
        """Start the app with the revisions that it was stopped with."""
        return one_step(
            Phase.OPERATE, f"Start {self.place.app}", lambda: operating.start(self.place)
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Stop the app; how long its containers may take is in their template."""
        return one_step(Phase.OPERATE, f"Stop {self.place.app}", lambda: operating.stop(self.place))

    def _live_revision(self) -> str:
        seen = self.session.look()
        if seen.app is None:
            return ""
        return remembered(seen).live or inspection.serving(seen.app)

    def _take(self, lease: Lease) -> None:
        try:
            before = lock.take(self.place, lease)
        except LlmopsError as error:
            error.state = error.state or UNTOUCHED
            raise
        self.session.lease = lease
        if before is not None:
            moving.put_in_order(self.session)

    def _unlock(self, lease: Lease) -> None:
        # Also where it was interrupted: the tag may be written although nobody heard of it.
        if not self.session.is_given_back:
            # What cannot be given back now goes by itself.
            with contextlib.suppress(LlmopsError):
                lock.give_back(self.place, lease)
        self.session.lease = None
