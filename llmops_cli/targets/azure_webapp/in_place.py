"""The steps of a release on a plan without slots: the app is changed while it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from llmops_cli.core.plan import Phase, Plan, Step
from llmops_cli.core.release import Candidate, State
from llmops_cli.errors import StateUnknownError
from llmops_cli.targets.azure_webapp import staging, traffic
from llmops_cli.targets.azure_webapp.references import wait_until_resolved
from llmops_cli.targets.azure_webapp.settings import Wanted, wanted_of
from llmops_cli.targets.azure_webapp.survey import App, Survey
from llmops_cli.targets.azure_webapp.traffic import Swap


@dataclass
class InPlaceReleasing:
    """Changes production, and changes it back where the release does not come up.

    ``serving`` is the release that answered when the deploy began. ``check`` makes sure that the
    lock is ours still. Making one asks nobody anything.
    """

    app: App
    survey: Survey
    check: Callable[[], None]
    swap: Swap
    serving: str | None
    has_changed: bool = field(default=False, init=False)

    def stage(self, candidate: Candidate) -> Plan:
        """Give production the release, and wait until it answers."""
        wanted = wanted_of(self.app.configured, candidate.release)
        id, side, production = candidate.release.id, self.app.production, self.survey.production
        plan = Plan()
        if staging.needs_site_change(self.app, production, wanted):
            plan += _plan(
                "Have the app take HTTPS only, and read secrets as its identity",
                lambda: staging.change_site(self.app, side),
            )
        plan += _plan(
            f"Give the app the image of {id} in place, which is not without downtime",
            lambda: self._configure(wanted),
            {"image": candidate.release.image, "plan": self.survey.tier.title},
        )
        plan += _plan(
            f"Give the app the settings of {id} in place",
            lambda: staging.give_settings(side, wanted),
        )
        seconds = self.app.configured.ready_seconds
        if wanted.references:
            plan += _plan(
                f"Wait until the app has read {len(wanted.references)} secrets in Key Vault",
                lambda: wait_until_resolved(side, wanted.references, seconds),
            )
        return plan + _plan(
            f"Wait until {id} answers in place",
            lambda: staging.wait_until_ready(side, production.url, id, seconds, side.clock.now()),
            {"at most": f"{seconds:g} s", "address": production.url},
        )

    def promote(self, candidate: Candidate) -> Plan:
        """Do nothing: it has the traffic already."""
        return Plan()

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Do nothing: to discard the candidate is to put back what was there."""
        return Plan()

    def discard(self) -> Plan:
        """Give production back what it ran, and wait until that answers again."""
        title = f"Put {self.serving or 'what was there'} back in place"
        return Plan((Step(Phase.UNDO, title, self._put_back),))

    def _configure(self, wanted: Wanted) -> None:
        self.check()
        traffic.unchanged(self.swap, self.swap.contents_of(self.survey.production))
        self.has_changed = True
        staging.configure(self.app, self.app.production, wanted, self.survey.tier)

    def _put_back(self) -> None:
        if not self.has_changed or self._is_recorded():
            return
        before = self.survey.production
        staging.put_back(self.app.production, before)
        if self.serving is None:
            return
        if before.release and before.release != self.serving:
            raise StateUnknownError(
                f"{self.serving} answered before, and the app was configured to run "
                f"{before.release}, which it is again.",
                next_step="llmops status",
            )
        seconds = self.app.configured.ready_seconds
        staging.wait_until_ready(self.app.production, before.url, self.serving, seconds)

    def _is_recorded(self) -> bool:
        """Whether it was put on record after all, and only the word of it was lost."""
        return self.app.history(self.survey).read().live != self.survey.record.live


def _plan(title: str, do: Callable[[], object], details: Mapping[str, str] | None = None) -> Plan:
    return Plan((Step(Phase.STAGE, title, do, details or {}),))
