"""What one command has read of an app, and how far its deploy came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from llmops_cli.core.plan import Plan
from llmops_cli.core.release import Candidate, Release, State
from llmops_cli.errors import PreflightError
from llmops_cli.targets.azure_webapp.in_place import InPlaceReleasing
from llmops_cli.targets.azure_webapp.lock import Held
from llmops_cli.targets.azure_webapp.record import Record
from llmops_cli.targets.azure_webapp.releasing import SlotReleasing
from llmops_cli.targets.azure_webapp.side import Side
from llmops_cli.targets.azure_webapp.survey import App, Survey, Tier
from llmops_cli.targets.azure_webapp.traffic import Swap


class Releasing(Protocol):
    """A way to bring a candidate into service, and to take it back."""

    def stage(self, candidate: Candidate) -> Plan: ...
    def promote(self, candidate: Candidate) -> Plan: ...
    def restore(self, candidate: Candidate, seen: State) -> Plan: ...
    def discard(self) -> Plan: ...


@dataclass
class Memory:
    """Reads an app when it is first asked for, and again when that is demanded."""

    app: App
    lock: Held | None = None
    answers: str | None = None
    _survey: Survey | None = None
    _tier: Tier | None = None
    _sticky: frozenset[str] | None = None
    _sides: Sequence[Side] = ()
    _releasing: Releasing | None = None

    def survey(self) -> Survey:
        """Return what was read last."""
        return self._survey or self.look()

    def look(self) -> Survey:
        """Read the app now. What no deploy changes is not read twice."""
        self._survey = survey = self.app.survey(self._tier, self._sticky)
        self._tier, self._sticky = survey.tier, survey.sticky
        self._sides = self.app.sides(survey)
        return survey

    def forget(self) -> None:
        """Have all be read again when it is asked for."""
        self._survey = None

    def sides(self) -> Sequence[Side]:
        """Return the sides that the app has, production first, with as few looks as possible."""
        if not self._sides:
            self._tier, self._sides = self.app.tier_and_sides()
        return self._sides

    def write(self, record: Record) -> None:
        """Write a new version of the record."""
        survey = self.survey()
        self._survey = replace(survey, record=self.app.history(survey).write(record))

    def settle(self, release: Release, names: tuple[str, ...]) -> None:
        """Put on record that a release is live."""
        now = self.app.production.clock.now()
        record = self.survey().record
        self.write(record.settled(release, now, names, self.app.configured.keep))

    def begin(self) -> Releasing:
        """Return a way to bring a candidate into service, from what was read last."""
        survey = self.survey()
        swap = Swap(self.app, survey.sticky)
        if survey.is_in_place:
            self._releasing = InPlaceReleasing(self.app, survey, self._check, swap, self.answers)
            return self._releasing
        if survey.slot is None:
            raise PreflightError(
                f"The app has no slot {self.app.configured.slot}.",
                state="Nothing was changed.",
                next_step="llmops infra apply",
            )
        self._releasing = SlotReleasing(self.app, survey, survey.slot, self._check, swap)
        return self._releasing

    def releasing(self) -> Releasing:
        """Return the way that was begun."""
        return self._releasing or self.begin()

    def _check(self) -> None:
        if self.lock is not None:
            self.lock.check()
