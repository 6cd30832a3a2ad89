"""`llmops deploy`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import AllowDirty, DryRun, LockWait, Target
from llmops_cli.cli.outcome import show_outcome, show_plan
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import session_of


def command(
    context: typer.Context,
    target: Target = None,
    allow_dirty: AllowDirty = False,
    dry_run: DryRun = False,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Give the release a name; a named release is kept."),
    ] = None,
    lock_wait: LockWait = 0,
) -> None:
    """Put the current commit into service, verified and reversible.

    The release starts beside the live one, is checked there, gets the traffic, and is confirmed
    through the public address. On any failure the live release stays or comes back.
    """
    from llmops_cli.flows import deploy as flow

    session = session_of(context)
    project = open_project(session, target)
    options = flow.Options("llmops deploy", lock_wait, allow_dirty, tuple(name or ()))
    if dry_run:
        show_plan(*flow.plan(project, options), session.output)
        return
    with shown(session.output) as observe:
        outcome = flow.deploy(project, options, observe)
    show_outcome(outcome, session.output)
