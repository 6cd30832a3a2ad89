"""`python -m tests.deploy_until ROOT MOMENT STEP SIGNAL`: a deploy that is hit by a signal.

It is the command line's own deploy; only its observer sends the signal to itself, before or after
the step of that number, or does nothing where the number is none of the plan's.
"""

import os
import sys
from pathlib import Path

from llmops_cli.cli.output import Output
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import GlobalOptions, Session
from llmops_cli.core.plan import Event, Phase, StepFailed, StepStarted
from llmops_cli.errors import LlmopsError
from llmops_cli.flows import deploy


def main() -> int:
    """Deploy, and return the exit status as the command line does."""
    root, moment, number, signal = sys.argv[1:]
    output = Output()
    seen: list[str] = []

    def observe(event: Event) -> None:
        if event.step.phase is Phase.UNDO or isinstance(event, StepFailed):
            return
        if isinstance(event, StepStarted):
            seen.append(event.step.title)
        is_before = isinstance(event, StepStarted)
        if is_before == (moment == "before") and len(seen) == int(number):
            os.kill(os.getpid(), int(signal))

    session = Session(GlobalOptions(directory=Path(root)), output)
    try:
        deploy.deploy(open_project(session, None), deploy.Options("llmops deploy"), observe)
    except LlmopsError as error:
        return output.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
