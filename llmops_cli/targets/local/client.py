"""The command line's side of the supervisor: reach it, start it, ask it."""

import subprocess
import sys
import time
from typing import Any

from llmops_cli import __version__
from llmops_cli.errors import DeployError, PreflightError, StateUnknownError
from llmops_cli.targets.local.channel import Channel, NoAnswerError
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.logfile import last_lines

_START_SECONDS = 30.0
_POLL_SECONDS = 0.005
#: A promotion waits for two processes, a restore perhaps for a third to load.
_ANSWER_SECONDS = 180.0


class Client:
    """One conversation with the supervisor. What was staged in it is taken back if it breaks."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._channel: Channel | None = None

    def is_reachable(self) -> bool:
        """Whether a supervisor answers."""
        try:
            self._open()
        except NoAnswerError:
            return False
        return True

    def start(self) -> None:
        """Start a supervisor unless one runs, and wait until it answers.

        One of another version of llmops makes room; the running releases change hands.

        Raises:
            PreflightError: it does not come up; the evidence is the end of its log.
        """
        if self.is_reachable():
            if self.ask("state")["version"] == __version__:
                return
            self._dismiss()
        self.layout.prepare()
        with self.layout.supervisor_log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "llmops_cli.targets.local.supervisor", self._root()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() in (None, 0):
            if self.is_reachable():
                return
            time.sleep(_POLL_SECONDS)
        raise PreflightError(
            "The supervisor does not start.",
            evidence="\n".join(last_lines(self.layout.supervisor_log, 5)),
            state="A release that was serving is serving still.",
            next_step=f"Read {self.layout.supervisor_log}",
        )

    def ask(self, do: str, *, within: float = _ANSWER_SECONDS, **details: object) -> dict[str, Any]:
        """Ask the supervisor and return its answer, for which it has ``within`` seconds.

        Raises:
            NoAnswerError: it does not run, or ended before it answered.
            DeployError: it refused; the evidence is its reason.
        """
        try:
            answer = self._open(within).ask(do, **details)
        except (NoAnswerError, KeyboardInterrupt):
            # An answer may still come, and must not be taken for that to another question.
            self.close()
            raise
        if "refused" in answer:
            raise DeployError(f"The supervisor refused to {do}.", evidence=answer["refused"])
        return answer

    def must_ask(
        self, do: str, *, within: float = _ANSWER_SECONDS, **details: object
    ) -> dict[str, Any]:
        """Ask as a step of a deploy, where no answer means that the state is not known.

        Raises:
            DeployError: it refused; the evidence is its reason.
            StateUnknownError: it does not answer.
        """
        try:
            return self.ask(do, within=within, **details)
        except NoAnswerError as error:
            raise StateUnknownError(
                f"The supervisor does not answer to {do}.",
                evidence=str(error),
                state="Whatever was serving is serving still, with nobody to restart it.",
                next_step="llmops start",
            ) from error

    def _dismiss(self) -> None:
        self.ask("leave")
        deadline = time.monotonic() + _START_SECONDS
        while self.is_reachable() and time.monotonic() < deadline:
            self.close()
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End the conversation."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _open(self, seconds: float = _ANSWER_SECONDS) -> Channel:
        if self._channel is None:
            self._channel = Channel(self.layout.supervisor_socket, timeout=seconds)
        self._channel.timeout = seconds
        return self._channel

    def _root(self) -> str:
        return str(self.layout.root.resolve())
