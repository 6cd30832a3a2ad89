"""The gcp target: releases as versions of a model, deployed to an endpoint of Vertex AI."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.carrier import Carrier
from llmops_cli.core.plan import Plan
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, ReferringStore
from llmops_cli.targets.gcp_vertex import (
    inspection,
    logs,
    operating,
    order,
    preflight,
)
from llmops_cli.targets.gcp_vertex.candidates import candidate_of
from llmops_cli.targets.gcp_vertex.carrier import PredictCarrier
from llmops_cli.targets.gcp_vertex.documents import documents_of
from llmops_cli.targets.gcp_vertex.place import Place
from llmops_cli.targets.gcp_vertex.rollout import Rollout
from llmops_cli.targets.gcp_vertex.session import Session
from llmops_cli.targets.gcp_vertex.staging import Staging
from llmops_cli.targets.shelved.book import Book


@dataclass(frozen=True)
class VertexEndpoint:
    """Deploys a release beside the live one, checks it with a share of the traffic, and moves it.

    ``added`` is what the place adds to a release's settings.
    """

    name: str
    session: Session
    secrets: ReferringStore
    added: Mapping[str, str]
    _carriers: dict[str, Carrier] = field(default_factory=dict, repr=False, compare=False)
    kind: str = field(default="gcp", init=False)

    @property
    def place(self) -> Place:
        """The endpoint and the model, and how Google is asked about them."""
        return self.session.place

    @property
    def book(self) -> Book:
        """The lock, what is on record, and the history."""
        return self.session.book

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: how it ends."""
        return self.added

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return what would make a release's version, and how it would be deployed."""
        return documents_of(self.place, release, self.secrets)

    def carrier(self, release: str = "") -> Carrier:
        """Return what brings questions to a release, or to whichever answers."""
        if release not in self._carriers:
            self._carriers[release] = PredictCarrier(self._address, self._token, release)
        return self._carriers[release]

    def inspect(self) -> State:
        """Read the endpoint and the versions, and ask the endpoint who answers."""
        seen = self.session.look()
        return inspection.look(self.place, seen, self.book.ledger(), self.carrier()).state()

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight.preflight(self.place, self.session.known(), release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return inspection.kept(self.session.known(), self.book.ledger())[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return inspection.find(self.session.known(), self.book.ledger(), prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if names:
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
        """Yield the last lines of what has traffic, then, if followed, what comes."""
        read = logs.follow if follow else logs.last_lines
        return read(self.place, lines)

    def address_of(self, candidate: Candidate) -> str:
        """Return the endpoint's address: a release has none of its own behind it."""
        return self._address()

    def public_address(self, release: Release) -> str:
        """Return the endpoint's address."""
        return self._address()

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the lock; what a killed holder left half done is put in order first."""
        with self.book.lock(holder, self._put_in_order):
            if self.session.pending:
                # It is still under way, and whoever comes after us has to know of it too.
                self.session.note()
            yield

    def candidate(self, release: Release) -> Candidate:
        """Name the version that a release runs as: one that is there, or a new one."""
        return candidate_of(self.place, self.session.known(), release)

    def stage(self, candidate: Candidate) -> Plan:
        """Deploy the release beside the live one, and give it a share of the traffic."""
        return self._rollout(candidate).stage()

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Give it all the traffic, if nobody else has moved it since the deploy began."""
        return self._rollout(candidate).promote()

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Watch the release, put it on record, and undeploy what is too old."""
        return self._rollout(candidate).settle(names)

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what had it when the deploy began."""
        return self._rollout(candidate).restore(seen)

    def discard(self, candidate: Candidate) -> Plan:
        """Take the candidate's share, and undeploy it, unless it was deployed before."""
        return self._rollout(candidate).discard()

    def start(self) -> Plan:
        """Deploy the release on record again."""
        return operating.start(self.session, self.secrets)

    def stop(self, grace: float | None = None) -> Plan:
        """Undeploy everything; requests under way are Google's to finish."""
        return operating.stop(self.session)

    def _rollout(self, candidate: Candidate) -> Rollout:
        return Rollout(Staging(self.session, self.secrets, candidate), self.carrier())

    def _put_in_order(self, pending: Mapping[str, str]) -> None:
        order.put_in_order(self.session, pending, self.carrier())

    def _address(self) -> str:
        return self.place.public_address(self.session.known().endpoint)

    def _token(self, refused: str) -> str:
        account = self.place.account
        return account.renewed(refused) if refused else account.token()
