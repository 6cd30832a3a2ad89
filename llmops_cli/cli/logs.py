"""`llmops logs`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of
from llmops_cli.core.target import Serviced
from llmops_cli.core.target import Target as Operated
from llmops_cli.errors import UsageError


def command(
    context: typer.Context,
    target: Target = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to show.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines, across deploys.")
    ] = False,
    service: Annotated[
        str | None,
        typer.Option("--service", "-s", help="A service that runs beside the API, such as vllm."),
    ] = None,
) -> None:
    """Show what the live release writes, or a service beside it."""
    session = session_of(context)
    chosen = open_target(session, target)
    found = _lines(chosen, service, lines, follow=follow)
    if session.options.json and not follow:
        written = list(found)
        session.output.result({"lines": written}, "")
        return
    try:
        for line in found:
            typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _lines(target: Operated, service: str | None, lines: int, *, follow: bool) -> Iterator[str]:
    if service is None:
        return target.logs(lines=lines, follow=follow)
    if isinstance(target, Serviced):
        return target.service_logs(service, lines=lines, follow=follow)
    raise UsageError(
        f"A target of kind {target.kind} runs no services beside the API.",
        next_step="llmops logs",
    )
