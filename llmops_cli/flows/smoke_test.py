"""The smoke test: ask every check of a subject, and say who answered."""

from collections.abc import Callable

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.checks.report import Report
from llmops_cli.checks.subject import Subject
from llmops_cli.checks.suite import checks_for
from llmops_cli.core.check import CheckResult, Verdict, run

Observer = Callable[[CheckResult], None]


def ignore(result: CheckResult) -> None:
    """Observe nothing."""


def smoke_test(subject: Subject, observe: Observer = ignore) -> Report:
    """Run the checks of a subject, show each result as it comes, and return them all."""
    results: list[CheckResult] = []
    with open_client(
        subject.url, subject.timeout_seconds, subject.trusted, subject.carrier
    ) as client:
        for result in run(checks_for(subject, client)):
            observe(result)
            results.append(result)
        is_alive = results[0].verdict is Verdict.PASSED
        release = read_release(client) if is_alive else None
    return Report(subject.url, release, tuple(results))
