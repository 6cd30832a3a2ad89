"""The steps of a release through the slot: staged there, swapped, and put back where it fails."""

from collections.abc import Callable
from dataclasses import dataclass, field

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate, State
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_webapp import staging, traffic
from llmops_cli.targets.azure_webapp.place import Place
from llmops_cli.targets.azure_webapp.references import wait_until_resolved
from llmops_cli.targets.azure_webapp.settings import DOCKER, RELEASE, Wanted, runs, wanted_of
from llmops_cli.targets.azure_webapp.survey import App, Survey
from llmops_cli.targets.azure_webapp.traffic import Contents, Swap


@dataclass
class SlotReleasing:
    """Brings a candidate into service by way of the slot; knows how far it came.

    ``check`` makes sure that the lock is ours still. Making one asks nobody anything.
    """

    app: App
    survey: Survey
    slot: Place
    check: Callable[[], None]
    swap: Swap
    has_staged: bool = field(default=False, init=False)
    has_stopped: bool = field(default=False, init=False)
    has_swapped: bool = field(default=False, init=False)

    @property
    def before(self) -> Contents:
        """What production ran when it was read."""
        return self.swap.contents_of(self.survey.production)

    def stage(self, candidate: Candidate) -> Plan:
        """Give the slot the release, unless it holds it still, and wait until it answers."""
        wanted = wanted_of(self.app.configured, candidate.release)
        plan = Plan()
        if not runs(self.slot.settings, self.slot.image, wanted):
            plan += self._give(candidate, wanted)
        elif not self.slot.is_running:
            plan += one_step(Phase.STAGE, "Start the slot", self.app.slot.start)
        if wanted.references:
            count = len(wanted.references)
            plan += one_step(
                Phase.STAGE,
                f"Wait until the slot has read {count} secret{'s' * (count > 1)} in Key Vault",
                lambda: wait_until_resolved(self.app.slot, wanted.references, self._seconds),
            )
        return plan + one_step(
            Phase.STAGE,
            f"Wait until {candidate.release.id} answers in the slot {self.app.configured.slot}",
            lambda: self._wait(candidate),
            {"at most": f"{self._seconds:g} s", "address": self.slot.url},
        )

    def promote(self, candidate: Candidate) -> Plan:
        """Swap, if production still is what was seen."""
        return one_step(
            Phase.PROMOTE,
            f"Swap production, now {self.before.release or 'no release'}, and the slot, "
            f"now {candidate.release.id}",
            lambda: self._promote(candidate),
            {"address": self.app.public_url(self.survey.production)},
        )

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Have production run again what it ran."""
        title = f"Give production back to {seen.live.id if seen.live else 'what was there'}"
        return one_step(Phase.UNDO, title, lambda: self._restore(seen))

    def discard(self) -> Plan:
        """Give the slot back what it held, so that the way back is as it was."""
        return one_step(Phase.UNDO, "Put the slot back as it was", self._discard)

    @property
    def _seconds(self) -> float:
        return self.app.configured.ready_seconds

    def _give(self, candidate: Candidate, wanted: Wanted) -> Plan:
        """Return the steps that change the slot."""
        id, side = candidate.release.id, self.app.slot
        plan = Plan()
        if staging.needs_site_change(self.app, self.slot, wanted):
            plan += one_step(
                Phase.STAGE,
                "Have the slot take HTTPS only, and read secrets as its identity",
                lambda: staging.change_site(self.app, side),
            )
        image = {"image": candidate.release.image}
        plan += one_step(
            Phase.STAGE,
            f"Give the slot the image of {id}",
            lambda: self._configure(wanted),
            image,
        )
        count = {"settings": str(len(wanted.settings))}
        return plan + one_step(
            Phase.STAGE,
            f"Give the slot the settings of {id}",
            lambda: self._give_settings(wanted),
            count,
        )

    def _configure(self, wanted: Wanted) -> None:
        self.check()
        self.has_staged = True
        side = self.app.slot
        if self.slot.release == wanted.settings[RELEASE] and self.slot.is_running:
            # What runs there answers with the same name: it must not be taken for the new one.
            self.has_stopped = True
            side.stop()
        staging.configure(self.app, side, wanted, self.survey.tier)

    def _give_settings(self, wanted: Wanted) -> None:
        side = self.app.slot
        staging.give_settings(side, wanted)
        if self.has_stopped or not self.slot.is_running:
            side.start()

    def _wait(self, candidate: Candidate) -> None:
        side = self.app.slot
        since = side.clock.now() if self.has_staged else None
        staging.wait_until_ready(side, self.slot.url, candidate.release.id, self._seconds, since)

    def _promote(self, candidate: Candidate) -> None:
        id = candidate.release.id
        self.check()
        traffic.unchanged(self.swap, self.before)
        staged = self.swap.slot()
        if (staged.release, staged.image) != (id, f"{DOCKER}{candidate.release.image}"):
            raise DeployError(
                f"Somebody else has changed the slot since {id} was checked there.",
                evidence=f"It is configured to run {staged.release or 'nothing'}: {staged.image}",
            )
        self.has_swapped = True
        self.swap.make(staged)
        url = self.app.public_url(self.survey.production)
        self.swap.wait_until_switched(url, id)

    def _restore(self, seen: State) -> None:
        recorded = self.survey.record.live
        if self.has_swapped and self.app.history(self.survey).read().live != recorded:
            # It was put on record after all; only the word of it was lost.
            self.has_staged = False
        elif self.has_swapped:
            url = self.app.public_url(self.survey.production)
            live = seen.live.id if seen.live else None
            traffic.give_back(self.swap, self.before, url, live)

    def _discard(self) -> None:
        if self.has_staged:
            staging.put_back(self.app.slot, self.slot)
        if self.has_stopped:
            self.app.slot.start()
