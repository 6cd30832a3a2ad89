"""Reports are valid in their own formats, whatever a server said."""

from xml.etree import ElementTree

import pytest

from llmops_cli.checks.deadline import NoAnswerError, within
from llmops_cli.checks.evidence import duration, one_line
from llmops_cli.checks.junit import junit
from llmops_cli.checks.report import Report
from llmops_cli.checks.summary import markdown
from llmops_cli.core.check import CheckResult, Verdict

HOSTILE = (
    "</failure> ]]> & \" ' \x00\x1b[31m\ud800\ufffe\u202e"
    " | `x` ![i](https://e.example/) @all\n::error::"
)


def report(*verdicts: Verdict, evidence: str = HOSTILE) -> Report:
    results = [
        CheckResult(f"check-{at}", "A title", verdict, evidence, 0.25)
        for at, verdict in enumerate(verdicts)
    ]
    return Report("https://chat.example.com", "0123456789ab", tuple(results))


ALL = report(Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED)


def test_a_report_is_good_when_nothing_failed_and_something_passed() -> None:
    assert report(Verdict.PASSED, Verdict.SKIPPED).ok
    assert not ALL.ok
    assert not report(Verdict.SKIPPED).ok
    assert not report().ok
    assert ALL.tally == "1 passed, 1 failed, 1 skipped"


def test_junit_counts_and_tells_every_verdict() -> None:
    root = ElementTree.fromstring(junit(ALL))
    suite = root[0]
    for element in (root, suite):
        assert element.get("tests") == "3"
        assert element.get("failures") == "1"
        assert element.get("skipped") == "1"
    assert [case.get("name") for case in suite] == ["check-0", "check-1", "check-2"]
    assert [case[0].tag for case in suite] == ["system-out", "failure", "skipped"]


def test_junit_stays_well_formed_and_shows_what_was_said() -> None:
    text = junit(ALL)
    message = ElementTree.fromstring(text)[0][1][0].get("message")
    assert message is not None
    assert "</failure> ]]> &" in message
    assert message.isprintable()
    text.encode("utf-8")


def test_the_summary_has_one_row_for_each_check_and_nothing_of_the_server_is_markup() -> None:
    text = markdown(ALL)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows[1:])
    assert "![i](" not in text
    assert "<" not in text.replace("\\<", "")
    assert "\n::error" not in text


def test_the_document_tells_everything() -> None:
    document = ALL.as_dict()
    assert document["ok"] is False
    assert [document[verdict] for verdict in ("passed", "failed", "skipped")] == [1, 1, 1]
    assert document["checks"][1]["verdict"] == "failed"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("\x1b[31mred\x07", "[31mred"),
        ("x\u202ey\u200bz\ud800", "xyz"),
        ("x" * 300, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_evidence_is_one_line_that_every_terminal_may_show(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.00042, "0.4 ms"), (0.042, "42 ms"), (1.5, "1.50 s")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_call_within_its_time_gives_its_result_or_its_error() -> None:
    def refuse() -> str:
        raise NoAnswerError("no")

    assert within(5, lambda: "done", late="late") == "done"
    with pytest.raises(NoAnswerError, match="no"):
        within(5, refuse, late="late")
