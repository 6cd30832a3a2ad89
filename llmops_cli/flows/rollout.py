"""Puts a staged release into service, verified at every step, or leaves things as they were.

`deploy` and `rollback` differ in where the release comes from; from there on they are this.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from llmops_cli.checks.http import open_client
from llmops_cli.checks.subject import Subject
from llmops_cli.checks.suite import checks_for
from llmops_cli.core import plan as plans
from llmops_cli.core.check import CheckResult, Verdict, failures, run
from llmops_cli.core.plan import (
    Observer,
    Phase,
    Plan,
    StepFailed,
    StepFinished,
    StepStarted,
    one_step,
)
from llmops_cli.core.release import Candidate, Release, State
from llmops_cli.core.target import Event, Target, befallen, carrier_for, checked_at
from llmops_cli.errors import CheckError, LlmopsError
from llmops_cli.flows.confirm import confirm
from llmops_cli.flows.undo import undone


@dataclass(frozen=True)
class Request:
    """What a rollout is asked to do.

    ``subject`` holds the credential, the evaluations and the time limits of the checks; its
    address and release are filled in for each run of them.
    """

    action: str
    by: str
    subject: Subject
    confirmations: int
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended well. ``changed`` is False where the release was live already."""

    release: Release
    previous: Release | None
    address: str
    changed: bool
    seconds: float = 0.0
    results: tuple[CheckResult, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """A candidate, what was live when it began, and the evidence that comes up on the way."""

    target: Target
    candidate: Candidate
    seen: State
    request: Request
    results: list[CheckResult] = field(default_factory=list)

    @property
    def release(self) -> Release:
        """The release that is to be live."""
        return self.candidate.release

    @property
    def address(self) -> str:
        """The public address that the release will have."""
        return self.target.public_address(self.release)

    def plan(self) -> Plan:
        """Return every step, from staging to tidying up."""
        target, candidate = self.target, self.candidate
        return (
            target.stage(candidate)
            + self._verify()
            + target.promote(candidate, self.seen)
            + self._confirm()
            + target.settle(candidate, self.request.names)
            + self._record()
        )

    def _verify(self) -> Plan:
        return one_step(
            Phase.VERIFY,
            f"Check {self.release.id} at {checked_at(self.target)}",
            lambda: self._check(self.target.address_of(self.candidate), self.release.id),
        )

    def _confirm(self) -> Plan:
        wanted = self.request.confirmations
        return one_step(
            Phase.CONFIRM,
            f"Ask {self.address or 'the public address'} until {wanted} answers in a row are "
            f"{self.release.id}",
            lambda: confirm(
                self.address,
                self.release.id,
                wanted,
                trusted=self.request.subject.trusted,
                carrier=carrier_for(self.target),
            ),
        ) + one_step(
            Phase.CONFIRM,
            f"Check {self.release.id} at its public address",
            lambda: self._check(self.address),
        )

    def _record(self) -> Plan:
        return one_step(
            Phase.TIDY, "Record the evidence", lambda: self.target.record(self._event())
        )

    def _check(self, url: str, answering: str = "") -> None:
        carrier = carrier_for(self.target, answering)
        # Golden prompts cost tokens: they are asked once, before the traffic moves.
        evals = self.request.subject.evals if not self.results else ()
        subject = replace(
            self.request.subject,
            url=url,
            expected_release=self.release.id,
            evals=evals,
            carrier=carrier,
        )
        with open_client(url, subject.timeout_seconds, subject.trusted, carrier) as client:
            found = list(run(checks_for(subject, client)))
        self.results.extend(found)
        broken = failures(found)
        if broken:
            names = ", ".join(result.name for result in broken)
            told = [f"{r.name}: {r.evidence}" for r in broken]
            raise CheckError(
                f"{self.release.id} does not pass its checks: {names}.",
                evidence="\n".join([*told, *befallen(self.target, self.candidate)]),
            )

    def _event(self) -> Event:
        passed = sum(result.verdict is Verdict.PASSED for result in self.results)
        details = {
            "previous": self.seen.live.id if self.seen.live else "",
            "address": self.address,
            "checks passed": str(passed),
        }
        return Event(
            datetime.now(UTC), self.request.action, self.release.id, self.request.by, details
        )


def carry_out(rollout: Rollout, observe: Observer = plans.ignore) -> Outcome:
    """Run the plan. On any failure before it is settled, put back what was serving.

    Raises:
        DeployError: it failed, and what was serving before is serving now (status 8).
        BuildError, PreflightError: likewise, where that was the cause.
        StateUnknownError: it failed, and putting things back failed too (status 9).
        InterruptedByOperatorError: it was interrupted; the rest as above (status 130).
    """
    started = time.monotonic()
    watch = _Watch(observe)
    warnings: tuple[str, ...] = ()
    try:
        plans.apply(rollout.plan(), watch)
    except (LlmopsError, OSError, KeyboardInterrupt) as error:
        if watch.phase is not Phase.TIDY:
            failure = undone(rollout.target, rollout.candidate, rollout.seen, watch, error)
            if failure is not None:
                raise failure from error
        why = "it was interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
        warnings = (f"The release is live, but tidying up was cut short: {why}",)
    return Outcome(
        release=rollout.release,
        previous=rollout.seen.live,
        address=rollout.address,
        changed=True,
        seconds=time.monotonic() - started,
        results=tuple(rollout.results),
        warnings=warnings,
    )


class _Watch:
    """An observer that also remembers how far the plan came."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self.phase = Phase.STAGE
        self.failed_step = ""

    def __call__(self, event: plans.Event) -> None:
        if event.step.phase is not Phase.UNDO:
            if isinstance(event, StepStarted):
                self.phase = event.step.phase
            if isinstance(event, StepFinished) and event.step.phase is Phase.SETTLE:
                self.phase = Phase.TIDY
            if isinstance(event, StepFailed):
                self.failed_step = event.step.title
        self._observe(event)
