"""Shows checks as they are answered, and writes what they found to files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.checks.evidence import duration
from llmops_cli.checks.junit import junit
from llmops_cli.checks.report import Report
from llmops_cli.checks.summary import markdown
from llmops_cli.cli.output import Output
from llmops_cli.core.check import CheckResult, Verdict
from llmops_cli.errors import UsageError
from llmops_cli.flows.smoke_test import Observer, ignore

_MARKS = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.SKIPPED: ("-", "dim"),
}


@contextmanager
def shown(output: Output, url: str) -> Iterator[Observer]:
    """Give an observer that shows results on stdout for as long as the context lasts."""
    if output.as_json:
        yield ignore
    elif sys.stdout.isatty():
        with _live(url) as observe:
            yield observe
    else:
        yield _tell


def _tell(result: CheckResult) -> None:
    took = duration(result.seconds)
    line = f"{result.verdict.value:<7}  {result.name:<26}  {result.evidence} ({took})\n"
    sys.stdout.write(line)
    sys.stdout.flush()


@contextmanager
def _live(url: str) -> Iterator[Observer]:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)

    def show(result: CheckResult) -> None:
        mark, style = _MARKS[result.verdict]
        # Text and not markup: evidence is what a server said.
        console.print(
            Text.assemble(
                (f"{mark} {result.title}", style),
                (f"  {result.evidence}  {duration(result.seconds)}", "dim"),
            )
        )

    with console.status(Text(f"Asking {url}")):
        yield show


def require_folder(file: Path | None) -> None:
    """Refuse, before anything is asked, a report file whose folder does not exist.

    Raises:
        UsageError: the folder is missing.
    """
    if file is not None and not file.resolve().parent.is_dir():
        raise UsageError(f"--junit {file}: its folder does not exist.")


def write_reports(report: Report, file: Path | None, output: Output) -> None:
    """Write the JUnit file that was asked for, and the step summary of GitHub Actions.

    Raises:
        UsageError: the JUnit file cannot be written.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        _append(Path(summary), markdown(report), output)
    if file is None:
        return
    try:
        file.write_text(junit(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--junit {file} cannot be written: {error.strerror}.") from error


def _append(summary: Path, text: str, output: Output) -> None:
    try:
        with summary.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        output.note(f"Warning: the step summary cannot be written: {error.strerror}.")
