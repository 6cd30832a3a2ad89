"""`llmops stop`."""

import sys
from typing import Annotated

import typer

from llmops_cli.cli.options import Target, Yes
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of
from llmops_cli.errors import UsageError


def command(
    context: typer.Context,
    target: Target = None,
    grace: Annotated[
        float | None,
        typer.Option("--grace", min=0.1, help="Seconds for requests under way [drain_seconds]."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Stop serving. Releases, secrets and data stay; `llmops start` goes on with them."""
    from llmops_cli.flows import operate

    session = session_of(context)
    chosen = open_target(session, target)
    if not yes:
        _confirm(chosen.name)
    with shown(session.output) as observe:
        state = operate.stop(chosen, grace, observe)
    document = {"live": None, "recorded": state.recorded.id if state.recorded else None}
    session.output.result(document, "Stopped.\n  next: llmops start")


def _confirm(target: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"Stopping {target} wants to be confirmed, and there is no terminal to ask.",
            state="Nothing was changed.",
            next_step="llmops stop --yes",
        )
    typer.confirm(f"Stop serving on {target}?", abort=True, err=True)
