"""The aws target: releases as revisions of a task definition, which a service of ECS runs."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.plan import Phase, Plan, long_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.targets.aws_ecs import (
    inspection,
    logs,
    memory,
    moving,
    operating,
    preflight,
    recording,
    registering,
    rollout,
)
from llmops_cli.targets.aws_ecs.documents import documents_of
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.session import Session


@dataclass(frozen=True)
class AwsEcs:
    """Deploys a release to a service on Fargate, beside the live one where it can be checked there.

    ``added`` is what the place adds to a release's settings.
    """

    name: str
    session: Session
    secrets: SecretStore
    added: Mapping[str, str]
    kind: str = field(default="aws", init=False)

    @property
    def place(self) -> Place:
        """The service, and how AWS is asked about it."""
        return self.session.place

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: where it listens, how it ends."""
        return self.added

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the task definition that would be registered, and the change of the service."""
        return documents_of(self.place, self.session.known().service, release)

    def inspect(self) -> State:
        """Read the service and its tasks, and ask the public address who answers."""
        return inspection.state_of(self.place, self.session.look())

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight.preflight(self.place, self.session.known(), release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return inspection.kept(self.place, self.session.known())[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return inspection.find(self.place, self.session.known(), prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if names:
            recording.name(self.session, release, names)

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        return recording.unname(self.session, name)

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return tuple(self.session.book.history(limit))

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        recording.record(self.session, event)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        read = logs.follow if follow else logs.last_lines
        return read(self.place, self._live, lines)

    def address_of(self, candidate: Candidate) -> str:
        """Return the test listener's address, at which a release answers before it has traffic.

        Where releases roll there is none: what is checked has taken the place of the old.
        """
        url = self.place.configured.test_url
        return str(url).rstrip("/") if url else self.place.public_address

    def checked_at(self) -> str:
        """Return what that address is, in words."""
        return "the test listener" if self.place.is_blue_green else "its public address"

    def befallen(self, candidate: Candidate) -> Sequence[str]:
        """Return what AWS and the containers say of tasks of the candidate that have failed."""
        return rollout.befallen(self.session)

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.place.public_address

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the lock; what a killed holder left half done is put in order first."""
        with self.session.book.lock(holder, self._put_in_order):
            self.session.forget()
            yield

    def candidate(self, release: Release) -> Candidate:
        """Name the task definition that a release runs as: a kept one, or one to be made."""
        return registering.candidate_of(self.place, self.session.known(), release)

    def stage(self, candidate: Candidate) -> Plan:
        """Start the release: beside the live one, or where nothing can test it, in its place."""
        return rollout.stage(self.session, candidate)

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Give the release the traffic."""
        return rollout.promote(self.session, candidate)

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Watch the release, put it on record, and remove what is too old to go back to."""
        return rollout.settle(self.session, candidate, names)

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Have what served when the deploy began serve again."""
        return rollout.restore(self.session, candidate, seen)

    def discard(self, candidate: Candidate) -> Plan:
        """Stop the candidate's tasks, and remove its task definition unless it ran before."""
        return rollout.discard(self.session, candidate)

    def start(self) -> Plan:
        """Start as many tasks as there were when it was stopped."""
        return long_step(
            Phase.OPERATE,
            f"Start {self.place.name}",
            lambda tell: operating.start(self.session, tell),
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Stop all tasks; how long they may take is in their task definition."""
        return long_step(
            Phase.OPERATE,
            f"Stop {self.place.name}",
            lambda tell: operating.stop(self.session, tell),
        )

    def _live(self) -> Release | None:
        seen = self.session.look()
        if seen.service is None:
            return None
        recorded = memory.release_of(self.place, seen.ledger, seen.ledger.live)
        return recorded or self.place.release_at(seen.service.definition)

    def _put_in_order(self, pending: Mapping[str, str]) -> None:
        moving.put_in_order(self.session, pending)
