"""`llmops smoke-test`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.output import Output
from llmops_cli.cli.session import session_of
from llmops_cli.errors import CheckError

if TYPE_CHECKING:
    from llmops_cli.checks.report import Report
    from llmops_cli.checks.subject import Subject

Url = Annotated[
    str | None, typer.Option("--url", help="Ask this address; no project file is needed.")
]
Expect = Annotated[
    str | None,
    typer.Option(
        "--expect", metavar="SHA", help="The commit that has to answer  [default: the target's]."
    ),
]
JUnit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="File with the API's key  [default: the target's key, or $LLMOPS_API_KEY].",
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        help="Certificates (PEM) to trust besides the system's and those of the target.",
    ),
]
Model = Annotated[
    str | None, typer.Option("--model", help="The model to ask  [default: the first one listed].")
]
Evals = Annotated[
    bool | None,
    typer.Option(
        "--evals/--no-evals", help="Ask the golden prompts of the project  [default: for a target]."
    ),
]
NoRecall = Annotated[
    bool, typer.Option("--no-recall", help="The model need not recall what it was told.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds that an answer may take.")
]
ModelTimeout = Annotated[
    float, typer.Option("--model-timeout", min=0.1, help="Seconds that a model's answer may take.")
]


def command(
    context: typer.Context,
    *,
    target: Target = None,
    url: Url = None,
    expect: Expect = None,
    junit: JUnit = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
    model: Model = None,
    evals: Evals = None,
    no_recall: NoRecall = False,
    timeout: Timeout = 10,
    model_timeout: ModelTimeout = 35,
) -> None:
    """Ask a running API whether it works. Exit with 10 where a check fails.

    Four short questions go to the model, and every golden prompt; the other checks are free.
    """
    from llmops_cli.checks.subject import Subject
    from llmops_cli.cli.check_report import require_folder, shown, write_reports
    from llmops_cli.cli.check_subject import Asked, subject_of
    from llmops_cli.flows.smoke_test import smoke_test

    session = session_of(context)
    require_folder(junit)
    defaults = Subject(
        url="",
        timeout_seconds=timeout,
        model=model,
        requires_recall=not no_recall,
        model_timeout_seconds=model_timeout,
    )
    subject = subject_of(session, Asked(target, url, expect, key_file, evals, ca_file), defaults)
    with shown(session.output, subject.url) as observe:
        report = smoke_test(subject, observe)
    write_reports(report, junit, session.output)
    _conclude(report, session.output, _next_step(subject, report, is_target=url is None))


def _next_step(subject: "Subject", report: "Report", *, is_target: bool) -> str:
    keyless = subject.credential is None and any("401" in r.evidence for r in report.failed)
    if keyless:
        return "Set LLMOPS_API_KEY, or name a file that holds the key with --key-file."
    return "llmops status" if is_target else ""


def _conclude(report: "Report", output: Output, next_step: str) -> None:
    """Print the result; where a check failed, end with status 10."""
    document = report.as_dict()
    error = None if report.ok else _error(report, next_step)
    if error:
        document["error"] = error.as_dict()
    output.result(document, f"{report.tally}: {report.release or 'no release'} at {report.url}")
    if error and output.as_json:
        # The document on stdout tells the error already.
        raise typer.Exit(error.exit_status)
    if error:
        raise error


def _error(report: "Report", next_step: str) -> CheckError:
    names = ", ".join(result.name for result in report.failed)
    return CheckError(
        f"{len(report.failed)} of {len(report.results)} checks failed: {names}.",
        evidence="\n".join(f"{result.name}: {result.evidence}" for result in report.failed),
        state=f"{report.url} answers as {report.release or 'no release'}. Nothing was changed.",
        next_step=next_step,
    )
