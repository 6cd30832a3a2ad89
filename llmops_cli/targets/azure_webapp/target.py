"""The `azure` target: a container on App Service, released through a slot where there is one."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.targets.azure_webapp import logs, operating
from llmops_cli.targets.azure_webapp.documents import documents_of
from llmops_cli.targets.azure_webapp.inspection import state_of
from llmops_cli.targets.azure_webapp.lock import held
from llmops_cli.targets.azure_webapp.memory import Memory
from llmops_cli.targets.azure_webapp.preflight import preflight
from llmops_cli.targets.azure_webapp.settings import added
from llmops_cli.targets.azure_webapp.survey import App

PRODUCTION = "production"


@dataclass(frozen=True)
class WebappTarget:
    """Stages a release in the slot and swaps; on a plan without slots, changes the app in place.

    ``port`` is where the container listens.
    """

    name: str
    app: App
    secrets: SecretStore
    port: int
    kind: str = field(default="azure", init=False)
    _memory: Memory = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_memory", Memory(self.app))

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: where it listens, as whom, how long
        it drains.
        """
        configured = self.app.configured
        return {**added(self.port, configured.drain_seconds), **configured.identity_variables}

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return what App Service would be sent for a release, by path."""
        return documents_of(self.app, release)

    def inspect(self) -> State:
        """Ask App Service what it is configured to run, and the public address what answers."""
        survey = self._memory.look()
        answers = self.app.answering(self.app.public_url(survey.production))
        self._memory.answers = answers
        return state_of(self.app, survey, answers)

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return tuple(preflight(self.app, self._memory.survey(), release))

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return self._memory.survey().record.releases()[:limit]

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return self._memory.survey().record.find(prefix)

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        if names:
            record = self._memory.survey().record
            named = {**record.names, **dict.fromkeys(names, release)}
            self._memory.write(replace(record, names=named))

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        record = self._memory.survey().record
        if name not in record.names:
            return False
        names = {key: id for key, id in record.names.items() if key != name}
        self._memory.write(replace(record, names=names))
        return True

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return tuple(reversed(self._memory.survey().record.events))[:limit]

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        self._memory.write(self._memory.survey().record.with_event(event))

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of production's log, then, if followed, what comes."""
        side = self.app.production
        return logs.follow(side, lines) if follow else iter(logs.last_lines(side, lines))

    def address_of(self, candidate: Candidate) -> str:
        """Return the slot's own address, or the public one where there is no slot."""
        survey = self._memory.survey()
        if survey.slot is not None and candidate.name != PRODUCTION:
            return survey.slot.url
        return survey.production.url

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return self.app.public_url(self._memory.survey().production)

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the app's lock; what was read before it counts no more."""
        with held(self._memory.sides(), holder) as lock:
            self._memory.lock = lock
            self._memory.forget()
            try:
                yield
            finally:
                self._memory.lock = None

    def candidate(self, release: Release) -> Candidate:
        """Name the side that a release will be staged in."""
        is_in_place = self._memory.survey().is_in_place
        return Candidate(release, PRODUCTION if is_in_place else self.app.configured.slot)

    def stage(self, candidate: Candidate) -> Plan:
        """Give the slot the release without traffic; without slots, give it to production."""
        return self._memory.begin().stage(candidate)

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Swap the slot and production, if production is what was seen when the deploy began."""
        return self._memory.releasing().promote(candidate)

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Watch the release for as long as that is wanted, then put it on record."""
        release, configured = candidate.release, self.app.configured
        plan = Plan()
        if configured.bake_seconds:
            plan += one_step(
                Phase.CONFIRM,
                f"Watch {release.id} for {configured.bake_seconds:g} s",
                lambda: operating.watch(self.app, self.public_address(release), release.id),
            )
        named = f", named {', '.join(names)}" if names else ""
        return plan + one_step(
            Phase.SETTLE,
            f"Record {release.id} as live{named}",
            lambda: self._memory.settle(release, tuple(names)),
            {"keep": str(configured.keep)},
        )

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Have production run again what it ran when the deploy began."""
        return self._memory.releasing().restore(candidate, seen)

    def discard(self, candidate: Candidate) -> Plan:
        """Take the candidate out of where it was staged."""
        return self._memory.releasing().discard()

    def start(self) -> Plan:
        """Start the app and its slot, and wait until what is on record answers."""
        survey = self._memory.survey()
        return one_step(
            Phase.OPERATE,
            f"Start {self.app.production.app}",
            lambda: operating.start(self.app, survey),
            {"at most": f"{self.app.configured.ready_seconds:g} s"},
        )

    def stop(self, grace: float | None = None) -> Plan:
        """Stop the app and its slot. Azure asks the same money for the plan."""
        survey = self._memory.survey()
        return one_step(
            Phase.OPERATE,
            f"Stop {self.app.production.app}; its plan ({survey.tier.title}) costs the same",
            lambda: operating.stop(self.app, survey),
            {"at most": "what WEBSITES_CONTAINER_STOP_TIME_LIMIT of the release says"},
        )
