"""A report as a table of Markdown, for the step summary of GitHub Actions."""

import re

from llmops_cli.checks.evidence import duration, one_line
from llmops_cli.checks.report import Report
from llmops_cli.core.check import CheckResult, Verdict

_MARKS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.SKIPPED: "⏭️"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    release = f", release {_plain(report.release)}" if report.release else ""
    lines = [
        f"### Smoke test of {_plain(report.url)}{release}",
        "",
        f"{report.tally} in {duration(report.seconds)}",
        "",
        "| | check | evidence | time |",
        "|---|---|---|---|",
        *(_row(result) for result in report.results),
    ]
    return "\n".join(lines) + "\n\n"


def _row(result: CheckResult) -> str:
    cells = (_plain(result.name), _plain(result.evidence), duration(result.seconds))
    return f"| {_MARKS[result.verdict]} | {' | '.join(cells)} |"


def _plain(text: str) -> str:
    # Evidence is what a server said: it must not become a link, an image or another table.
    return _PUNCTUATION.sub(r"\\\1", one_line(text, 400))
