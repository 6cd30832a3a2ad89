"""What serves, by the target's word and by the answer of the public address itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, read_release
from llmops_cli.core.check import Finding, failed, skipped
from llmops_cli.core.release import State
from llmops_cli.core.target import Event, Target, carrier_for, trusted_for

_EVENTS = 5
_SECONDS = 5.0


@dataclass(frozen=True)
class Status:
    """The target's state, what the address answers, and the latest events."""

    state: State
    answers: str | None
    readiness: Finding
    events: Sequence[Event]

    @property
    def trouble(self) -> str:
        """What is wrong, or nothing."""
        expected = self.state.recorded
        if self.state.trouble or expected is None:
            return self.state.trouble
        if self.answers != expected.id:
            return f"{self.state.address} answers with {self.answers or 'nothing'}."
        return ""


def status(target: Target) -> Status:
    """Read a target's state and ask its address. Changes nothing."""
    state = target.inspect()
    if state.live is None:
        readiness = skipped("nothing serves") if not state.recorded else failed("nothing serves")
        return Status(state, None, readiness, target.history(_EVENTS))
    carrier = carrier_for(target)
    with open_client(state.address, _SECONDS, trusted_for(target), carrier) as client:
        return Status(state, read_release(client), ask_ready(client), target.history(_EVENTS))
