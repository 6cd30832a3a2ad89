"""`llmops start`."""

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of


def command(context: typer.Context, target: Target = None) -> None:
    """Start serving the recorded release again, after a stop, a crash or a reboot.

    On a stack of containers that runs, it applies what the project has changed beside the release.
    """
    from llmops_cli.flows import operate

    session = session_of(context)
    with shown(session.output) as observe:
        state = operate.start(open_target(session, target), observe)
    live = state.live.id if state.live else None
    text = f"{live} is live at {state.address}\n  next: llmops status"
    session.output.result({"live": live, "address": state.address}, text)
