"""The host target: releases under systemd, side by side, behind nginx on one or more servers."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.hosts.session import Session
from llmops_cli.targets.host import inspection, logs, records, staging, traffic
from llmops_cli.targets.host.documents import documents_of
from llmops_cli.targets.host.holding import Hold, held
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.preflight import preflight
from llmops_cli.targets.host.trust import certificates_of


@dataclass(frozen=True)
class HostTarget:
    """Starts a release beside the live one on each host, and replaces one link to switch.

    ``added`` is what the place adds to a release's settings.
    """

    name: str
    place: Place
    secrets: SecretStore
    added: Callable[[], Mapping[str, str]]
    kind: str = field(default="host", init=False)
    _hold: Hold = field(default_factory=Hold, init=False, repr=False, compare=False)

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: its drain time."""
        return self.added()

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the units, nginx's site and the packages of a release, by path."""
        return documents_of(self.place, release)

    def certificates(self) -> str:
        """Return the certificates (PEM) that are to be trusted besides the system's."""
        return self._certificates

    def inspect(self) -> State:
        """Ask the hosts what serves."""
        return inspection.inspect(self.place)

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight(self.place, release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return records.kept(self.place, limit)

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return records.find(self.place, prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        records.name(self.place, release, names)

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        return records.unname(self.place, name)

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return records.events(self.place, limit)

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        records.append(self.place, event, self._hosts)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        return logs.logs(self.place, lines=lines, follow=follow)

    def service_logs(self, service: str, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of a service's log on each host, then, if followed, what comes."""
        return self.place.stack.logs(service, self._hosts, lines=lines, follow=follow)

    def address_of(self, candidate: Candidate) -> str:
        """Return an address of this machine that leads to the candidate on one of the hosts."""
        if not self._hold.address:
            release = candidate.release.id
            before = self._hold.before
            # One on which it is new, if there is one: where it was live, it was checked before.
            others = [host for host in self._hosts if before.get(host) != release]
            session = self.place.hosts.session((others or self._hosts)[0])
            path = session.ask("open", release=release)["path"]
            self._hold.address = f"http://{session.forwarded(path)}"
        return self._hold.address

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.place.settings.url

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the lock of all hosts; what a killed holder left half done is put in order first."""
        with held(self.place.hosts, self._hold, holder):
            yield

    def candidate(self, release: Release) -> Candidate:
        """Name the unit that a release will run as."""
        return Candidate(release, self.place.layout.unit(release.id))

    def stage(self, candidate: Candidate) -> Plan:
        """Write the release, start it beside the live one, and wait until it is ready."""
        return staging.stage(self.place, self._hold, candidate)

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Move the traffic on all hosts, if what was live when this is planned is so still."""
        return traffic.promote(self.place, self._hold, candidate)

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Make the promotion final, let the release before it finish, and retire old ones."""
        release = candidate.release.id
        plan = one_step(
            Phase.SETTLE,
            f"Record {release} as live",
            lambda: traffic.settle(self.place, self._hold, release),
        )
        if names:
            title = f"Name {release} {', '.join(names)}"
            plan += one_step(Phase.TIDY, title, lambda: self.name_release(release, names))
        keep = self.place.settings.keep
        return plan + one_step(
            Phase.TIDY,
            "Retire old releases",
            lambda: self._each(lambda session: session.ask("retire", keep=keep)),
            {"keep": str(keep)},
        )

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what was live on each host."""
        return one_step(
            Phase.UNDO,
            f"Give the traffic back to {seen.live.id if seen.live else 'nothing'}",
            lambda: traffic.restore(self.place, self._hold, candidate),
        )

    def discard(self, candidate: Candidate) -> Plan:
        """End the candidate, and remove it if it was never live."""
        return one_step(
            Phase.UNDO,
            f"Stop {candidate.release.id}",
            lambda: traffic.discard(self.place, self._hold, candidate),
        )

    def start(self) -> Plan:
        """Start the stack, whose changed definitions are applied, and the release on record."""
        return self.place.stack.start(self._hosts) + one_step(
            Phase.OPERATE,
            f"Start what is on record{self.place.where(self.place.hosts.names)}",
            lambda: self._each(lambda session: session.ask("begin")),
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Accept no more, finish what is under way, and end what serves on every host."""
        seconds = self.place.settings.drain_seconds if grace is None else grace
        return one_step(
            Phase.OPERATE,
            f"Stop serving{self.place.where(self.place.hosts.names)}",
            lambda: self._each(lambda session: session.ask("halt", grace=grace)),
            {"at most": f"{seconds:g} s"},
        ) + self.place.stack.stop(seconds, self._hosts)

    @cached_property
    def _certificates(self) -> str:
        return certificates_of(self.place)

    @property
    def _hosts(self) -> Sequence[str]:
        return self._hold.hosts or self.place.hosts.there

    def _each(self, do: Callable[[Session], object]) -> None:
        self.place.hosts.each(lambda _host, session: do(session), self._hosts)
