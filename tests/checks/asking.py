"""Runs the checks against a server and gives the results by name."""

from llmops_cli.checks.http import open_client
from llmops_cli.checks.subject import Subject
from llmops_cli.checks.suite import checks_for
from llmops_cli.core.check import CheckResult, Verdict, run
from llmops_cli.core.secret import Secret
from tests.checks.faulty_servers import KEY

PASSED, FAILED, SKIPPED = Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED


def subject(url: str, **details: object) -> Subject:
    """A subject with the key of the good API, and little patience."""
    patience = {"timeout_seconds": 5, "model_timeout_seconds": 5}
    return Subject(url, **{"credential": Secret(KEY), **patience, **details})


def asked(about: Subject, *only: str) -> dict[str, CheckResult]:
    """Run all checks, or some, and return the results by name."""
    with open_client(about.url, about.timeout_seconds, about.trusted) as client:
        checks = checks_for(about, client)
        return {
            result.name: result
            for result in run([check for check in checks if not only or check.name in only])
        }


def ask_one(name: str, about: Subject) -> CheckResult:
    """Run one check."""
    return asked(about, name)[name]
