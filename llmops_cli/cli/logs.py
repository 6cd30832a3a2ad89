"""`llmops logs`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of


def command(
    context: typer.Context,
    target: Target = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to show.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines, across deploys.")
    ] = False,
) -> None:
    """Show what the live release writes."""
    session = session_of(context)
    chosen = open_target(session, target)
    found = chosen.logs(lines=lines, follow=follow)
    if session.options.json and not follow:
        written = list(found)
        session.output.result({"lines": written}, "")
        return
    try:
        for line in found:
            typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
