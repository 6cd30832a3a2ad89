"""`llmops push`."""

import typer

from llmops_cli.cli.image import Builder, Platform, options_of, released, show_image
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
) -> None:
    """Publish the image of the current commit in the project's registry, and show its digest.

    What is there already is not pushed again; an image that is missing is built first. A tag that
    holds another commit's image is never overwritten.
    """
    from llmops_cli.flows import image as flow

    session = session_of(context)
    project = open_project(session, target)
    options = options_of(platform, builder, no_cache=False)
    with shown(session.output) as observe:
        made = flow.push(project, released(project, allow_dirty), options, observe)
    show_image(made, "Published", "llmops deploy", session.output)
