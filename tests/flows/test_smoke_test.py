"""The smoke test asks everything, shows each answer as it comes, and says who answered."""

from llmops_cli.core.check import CheckResult
from llmops_cli.flows.smoke_test import smoke_test
from tests.checks.asking import subject
from tests.checks.faulty_servers import RELEASE, serving
from tests.checks.good_api import GoodApi


def test_a_good_api_gives_a_good_report_that_names_its_release() -> None:
    seen: list[CheckResult] = []
    with serving(GoodApi()) as server:
        report = smoke_test(subject(server.url), seen.append)
    assert report.ok
    assert report.release == RELEASE
    assert report.url == server.url
    assert tuple(seen) == report.results


def test_a_server_that_is_not_there_gives_a_report_without_a_release() -> None:
    report = smoke_test(subject("http://127.0.0.1:1"))
    assert not report.ok
    assert report.release is None
    assert [result.name for result in report.failed] == ["liveness"]


def test_a_good_api_is_asked_no_more_than_thirty_questions() -> None:
    with serving(GoodApi()) as server:
        smoke_test(subject(server.url))
    assert len(server.asked) <= 30
