"""Checks are asked in order, one at a time, also after one has failed."""

from collections.abc import Callable

import pytest

from llmops_cli.core.check import Check, Finding, Verdict, failed, failures, passed, run, skipped

ASKED: dict[str, Callable[[str], Finding]] = {"good": passed, "bad": failed, "other": skipped}


def test_every_check_is_asked_in_order_and_its_finding_kept() -> None:
    checks = [
        Check(name, name.title(), lambda name=name: ASKED[name](f"{name} evidence"))  # type: ignore[misc]
        for name in ("good", "bad", "other", "good")
    ]
    results = list(run(checks))
    assert [result.name for result in results] == ["good", "bad", "other", "good"]
    assert [result.title for result in results] == ["Good", "Bad", "Other", "Good"]
    assert [result.evidence.split()[0] for result in results] == ["good", "bad", "other", "good"]
    assert [result.verdict for result in results] == [
        *(Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.PASSED)
    ]
    assert [result.name for result in failures(results)] == ["bad"]
    assert all(result.seconds >= 0 for result in results)


def test_a_result_comes_before_the_next_check_is_asked() -> None:
    asked: list[str] = []

    def ask(name: str) -> Finding:
        asked.append(name)
        return passed("")

    results = run([Check(name, "", lambda name=name: ask(name)) for name in "ab"])  # type: ignore[misc]
    assert asked == []
    assert next(results).name == "a"
    assert asked == ["a"]
    assert next(results).name == "b"
    with pytest.raises(StopIteration):
        next(results)


def test_no_checks_have_no_results_and_no_failures() -> None:
    assert list(run([])) == []
    assert failures([]) == []


def test_a_defect_of_a_check_is_not_taken_for_an_answer() -> None:
    def ask() -> Finding:
        raise ZeroDivisionError

    results = run([Check("a", "", lambda: passed("")), Check("b", "", ask)])
    assert next(results).verdict is Verdict.PASSED
    with pytest.raises(ZeroDivisionError):
        next(results)
