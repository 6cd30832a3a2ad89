"""A check: one question to a running API, with a verdict and the evidence for it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended. Skipped means that it does not apply; the evidence says why."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What a check found: the verdict, and one line of evidence that holds no secret."""

    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Check:
    """A named question. ``ask`` returns a finding and does not raise for a bad answer."""

    name: str
    title: str
    ask: Callable[[], Finding] = field(repr=False, compare=False)


@dataclass(frozen=True)
class CheckResult:
    """A check's answer and how many seconds it took."""

    name: str
    title: str
    verdict: Verdict
    evidence: str
    seconds: float


def passed(evidence: str) -> Finding:
    """Find that the answer is right."""
    return Finding(Verdict.PASSED, evidence)


def failed(evidence: str) -> Finding:
    """Find that the answer is wrong."""
    return Finding(Verdict.FAILED, evidence)


def skipped(reason: str) -> Finding:
    """Find that the question does not apply here."""
    return Finding(Verdict.SKIPPED, reason)


def run(checks: Sequence[Check]) -> Iterator[CheckResult]:
    """Ask every check in order, also after one has failed, and yield each result as it comes."""
    for check in checks:
        started = time.monotonic()
        finding = check.ask()
        seconds = time.monotonic() - started
        yield CheckResult(check.name, check.title, finding.verdict, finding.evidence, seconds)


def failures(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the results that failed."""
    return [result for result in results if result.verdict is Verdict.FAILED]
