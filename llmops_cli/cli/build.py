"""`llmops build`."""

import typer

from llmops_cli.cli.image import Builder, NoCache, Platform, options_of, released, show_image
from llmops_cli.cli.options import AllowDirty, Target
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import session_of


def command(
    context: typer.Context,
    target: Target = None,
    allow_dirty: AllowDirty = False,
    platform: Platform = None,
    builder: Builder = None,
    no_cache: NoCache = False,
) -> None:
    """Make the image of the current commit, and look for secrets in it.

    The image holds what the commit holds, never the working tree, and is made for the target's
    engine. A deploy does the same by itself.
    """
    from llmops_cli.flows import image as flow

    session = session_of(context)
    project = open_project(session, target)
    options = options_of(platform, builder, no_cache)
    with shown(session.output) as observe:
        made = flow.build(project, released(project, allow_dirty), options, observe)
    show_image(made, "Built", "llmops push, llmops deploy", session.output)
