"""`llmops releases`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.outcome import release_document
from llmops_cli.cli.output import columns
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of
from llmops_cli.core.release import KeptRelease


def command(
    context: typer.Context,
    target: Target = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to list.")] = 20,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name a release: SHA=NAME. It is kept from then on."),
    ] = None,
    unname: Annotated[
        str | None, typer.Option("--unname", help="Take a name away from its release.")
    ] = None,
) -> None:
    """List the releases that can be gone back to, the latest first."""
    from llmops_cli.flows import naming

    session = session_of(context)
    chosen = open_target(session, target)
    if name is not None:
        naming.name(chosen, name)
    if unname is not None:
        naming.unname(chosen, unname)
    live = chosen.inspect().live
    kept = chosen.releases(limit)
    document = {
        "live": live.id if live else None,
        "releases": [_document(release) for release in kept],
    }
    text = _text(kept, live.id if live else "") if kept else "No release yet: llmops deploy"
    session.output.result(document, text)


def _document(kept: KeptRelease) -> dict[str, object]:
    deployed_at = kept.deployed_at.isoformat() if kept.deployed_at else None
    return {**release_document(kept.release), "deployed_at": deployed_at, "names": kept.names}


def _text(kept: Sequence[KeptRelease], live: str) -> str:
    rows = [
        (
            "*" if found.release.id == live else " ",
            found.release.id,
            f"{found.deployed_at:%Y-%m-%d %H:%M}" if found.deployed_at else "",
            ", ".join(found.names),
            found.release.subject,
        )
        for found in kept
    ]
    return columns(rows, ("", "RELEASE", "FIRST LIVE", "NAMES", "SUBJECT"))
