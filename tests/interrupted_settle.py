"""`python -m tests.interrupted_settle ROOT SUPERVISOR`: a deploy whose last word is not heard.

It is the command line's own deploy. Once it waits for the supervisor, which is stopped, to answer
that the release is recorded, it is interrupted, and only then does the supervisor go on.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from llmops_cli.cli.output import Output
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import GlobalOptions, Session
from llmops_cli.core.plan import Event, Phase, StepStarted
from llmops_cli.errors import LlmopsError
from llmops_cli.flows import deploy


def main() -> int:
    """Deploy; print the outcome's warnings; return the exit status as the command line does."""
    root, supervisor = Path(sys.argv[1]), int(sys.argv[2])
    output = Output()

    def observe(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step.phase is Phase.SETTLE:
            os.kill(supervisor, signal.SIGSTOP)
            threading.Thread(target=interrupt_when_it_waits, args=(supervisor,)).start()

    project = open_project(Session(GlobalOptions(directory=root), output), None)
    try:
        outcome = deploy.deploy(project, deploy.Options("llmops deploy"), observe)
    except LlmopsError as error:
        return output.fail(error)
    output.note("\n".join(outcome.warnings))
    return 0


def interrupt_when_it_waits(supervisor: int) -> None:
    """Interrupt the main thread when it has asked and waits for the answer."""
    main_thread = threading.main_thread().ident or 0
    while sys._current_frames()[main_thread].f_code.co_name != "recv_fds":
        time.sleep(0.001)
    signal.pthread_kill(main_thread, signal.SIGINT)
    os.kill(supervisor, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main())
