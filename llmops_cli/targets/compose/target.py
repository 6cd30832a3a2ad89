"""The compose target: releases as containers beside each other, and a gateway before them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.plan import Phase, Plan, long_step, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.stacks.logs import service_lines
from llmops_cli.targets.compose import inspection, logs, operating, staging, traffic
from llmops_cli.targets.compose.containers import Container
from llmops_cli.targets.compose.documents import documents_of
from llmops_cli.targets.compose.gateway import PRIVATE_PORT
from llmops_cli.targets.compose.lock import Held, held
from llmops_cli.targets.compose.preflight import preflight
from llmops_cli.targets.compose.recovery import put_in_order
from llmops_cli.targets.compose.site import Site, of_service
from llmops_cli.targets.compose.tunnel import Tunnel


@dataclass
class Hold:
    """What is there while the lock is held: the lock itself, and the way to a staged release."""

    lock: Held | None = None
    tunnel: Tunnel | None = None

    def check(self) -> None:
        """Make sure, before the traffic moves, that the lock is ours still."""
        if self.lock is not None:
            self.lock.check()

    def close(self) -> None:
        """Let go of both."""
        if self.tunnel is not None:
            self.tunnel.close()
        self.lock = self.tunnel = None


@dataclass(frozen=True)
class ComposeTarget:
    """Stages a release as a second container, and moves the gateway's traffic from one to it.

    ``added`` is what the place adds to a release's settings; ``address`` is where this machine
    reaches the gateway.
    """

    name: str
    site: Site
    secrets: SecretStore
    added: Callable[[], Mapping[str, str]]
    address: str
    kind: str = field(default="compose", init=False)
    _hold: Hold = field(default_factory=Hold, init=False, repr=False, compare=False)

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: where it listens, its drain time."""
        return self.added()

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the compose file with a release in it, and its services' files, by path."""
        return documents_of(self.site, release)

    def inspect(self) -> State:
        """Ask the engine and the gateway what serves."""
        return inspection.inspect(self.site, self.address)

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight(self.site, release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return inspection.kept(self.site)[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return inspection.find(self.site, prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if names:
            records = self.site.records
            records.write_names({**records.names(), **dict.fromkeys(names, release)})

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        names = self.site.records.names()
        if names.pop(name, None) is None:
            return False
        self.site.records.write_names(names)
        return True

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return self.site.records.events(limit)

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        self.site.records.append(event)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        engine = self.site.engine
        if follow:
            return logs.follow(engine, self._recorded, lines)
        container = self._recorded()
        return logs.last_lines(engine, container, lines) if container else iter(())

    def service_logs(self, service: str, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of a service's log, then, if followed, what comes."""
        engine, stack = self.site.engine, self.site.stack
        return service_lines(engine, stack, service, lines=lines, follow=follow)

    def address_of(self, candidate: Candidate) -> str:
        """Return an address of this machine that leads to the staged candidate, while locked."""
        if self._hold.tunnel is None:
            gateway = traffic.gateway_of(self.site, self.site.containers())
            self._hold.tunnel = Tunnel(self.site.engine, gateway.container, PRIVATE_PORT)
        return self._hold.tunnel.url

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.address

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the stack's lock; what a killed holder left half done is put in order first."""
        with held(self.site.engine, self.site.stack, holder) as lock:
            self._hold.lock = lock
            try:
                put_in_order(self.site)
                yield
            finally:
                self._hold.close()

    def candidate(self, release: Release) -> Candidate:
        """Name the service that a release will run as."""
        return staging.candidate_of(self.site, release)

    def stage(self, candidate: Candidate) -> Plan:
        """Start the release beside the live one, without traffic, and wait until it is ready."""
        site, release = self.site, candidate.release
        missing = staging.missing_services(site, site.containers())
        plan = Plan()
        if missing:
            title = f"Start the stack: {', '.join(missing)}"
            plan += long_step(
                Phase.STAGE, title, lambda tell: staging.start_stack(site, missing, tell)
            )
        plan += one_step(
            Phase.STAGE,
            f"Start {release.id} beside the live release",
            lambda: staging.start(site, candidate),
            {"service": candidate.name, "image": release.image},
        )
        return plan + one_step(
            Phase.STAGE,
            f"Wait until {release.id} is ready",
            lambda: staging.wait_until_ready(site, candidate, self.address_of(candidate)),
            {"at most": f"{site.configured.ready_seconds:g} s"},
        )

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Move the traffic, if what was on record when the deploy began is so still."""
        record = self.site.records.read()
        return one_step(
            Phase.PROMOTE,
            f"Move the traffic from {record.release or 'nothing'} to {candidate.release.id}",
            lambda: self._promote(candidate, record.service),
            {"address": self.address},
        )

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Put the release on record, let the one before it finish, and retire old ones."""
        site, release = self.site, candidate.release
        plan = one_step(
            Phase.SETTLE, f"Record {release.id} as live", lambda: self._settle(candidate)
        )
        plan += one_step(
            Phase.TIDY,
            "Let the release before it finish what it does",
            lambda: traffic.finish(site),
            {"at most": f"{site.configured.drain_seconds:g} s, in the background"},
        )
        if names:
            title = f"Name {release.id} {', '.join(names)}"
            plan += one_step(Phase.TIDY, title, lambda: self.name_release(release.id, names))
        keep = site.configured.keep
        return plan + one_step(
            Phase.TIDY,
            "Retire old releases",
            lambda: staging.retire(site, keep),
            {"keep": str(keep)},
        )

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what was live when the deploy began."""
        return one_step(
            Phase.UNDO,
            f"Give the traffic back to {seen.live.id if seen.live else 'nothing'}",
            lambda: traffic.restore(self.site, candidate.name),
        )

    def discard(self, candidate: Candidate) -> Plan:
        """End the candidate, and remove its container if it was never live."""
        return one_step(
            Phase.UNDO,
            f"Stop {candidate.release.id}",
            lambda: staging.discard(self.site, candidate),
        )

    def start(self) -> Plan:
        """Start the stack with the release on record; changed definitions are applied."""
        return long_step(
            Phase.OPERATE, "Start the stack", lambda tell: operating.start(self.site, tell)
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Accept no more, finish what is under way, and stop every container of the stack."""
        seconds = self.site.configured.drain_seconds if grace is None else grace
        return one_step(
            Phase.OPERATE,
            "Stop serving",
            lambda: operating.stop(self.site, seconds),
            {"at most": f"{seconds:g} s"},
        )

    def _promote(self, candidate: Candidate, expected: str) -> None:
        self._hold.check()
        traffic.promote(self.site, candidate.name, expected)

    def _settle(self, candidate: Candidate) -> None:
        self._hold.check()
        traffic.settle(self.site, candidate.name)

    def _recorded(self) -> Container | None:
        return of_service(self.site.containers(), self.site.records.read().service)
