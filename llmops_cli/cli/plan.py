"""`llmops plan`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import AllowDirty, Target
from llmops_cli.cli.outcome import show_plan
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import session_of
from llmops_cli.errors import PLAN_HAS_CHANGES


def command(
    context: typer.Context,
    target: Target = None,
    allow_dirty: AllowDirty = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 12 where there are changes.")
    ] = False,
) -> None:
    """Show the steps that a deploy would take now, and take none."""
    from llmops_cli.flows import deploy as flow

    session = session_of(context)
    options = flow.Options("llmops plan", allow_dirty=allow_dirty)
    release, plan = flow.plan(open_project(session, target), options)
    show_plan(release, plan, session.output)
    if detailed_exitcode and len(plan):
        raise typer.Exit(PLAN_HAS_CHANGES)
