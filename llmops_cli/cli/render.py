"""`llmops render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import AllowDirty, Target
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import session_of

if TYPE_CHECKING:
    from llmops_cli.flows.render import Rendered


def command(
    context: typer.Context,
    target: Target = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write them there; made if missing."),
    ] = None,
    allow_dirty: AllowDirty = False,
) -> None:
    """Show the files that a target would run the current commit with, or write them to a folder.

    A deploy makes them anew and reads none of those that were written. No secret is in them.
    """
    from llmops_cli.flows import render as flow

    session = session_of(context)
    rendered = flow.render(open_project(session, target), allow_dirty=allow_dirty)
    if not rendered.files:
        session.output.note("This target runs processes; there are no files to show.")
    written = flow.write(rendered, output) if output else ()
    document: dict[str, object] = {"release": rendered.release.id, "files": rendered.files}
    if output:
        document["files"] = [str(path) for path in written]
    text = "\n".join(map(str, written)) if output else _shown(rendered)
    session.output.result(document, text)


def _shown(rendered: "Rendered") -> str:
    parts = [f"==> {path}\n{text.rstrip()}\n" for path, text in rendered.files.items()]
    return "\n".join(parts).rstrip()
