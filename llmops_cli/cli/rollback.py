"""`llmops rollback`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import DryRun, LockWait, Target
from llmops_cli.cli.outcome import show_outcome, show_plan
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import session_of


def command(
    context: typer.Context,
    sha: Annotated[
        str | None,
        typer.Argument(help="The release, its name or the beginning of its sha [previous one]."),
    ] = None,
    target: Target = None,
    dry_run: DryRun = False,
    lock_wait: LockWait = 0,
) -> None:
    """Go back to an earlier release: its code, prompts, settings and secret versions together.

    Without SHA it is the release that was live when the live one was first deployed.
    """
    from llmops_cli.flows import rollback as flow

    session = session_of(context)
    project = open_project(session, target)
    if dry_run:
        show_plan(*flow.plan(project, sha), session.output)
        return
    with shown(session.output) as observe:
        outcome = flow.rollback(project, sha, lock_wait, observe)
    show_outcome(outcome, session.output)
