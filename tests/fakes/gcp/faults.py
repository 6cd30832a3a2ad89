"""Mishaps that a test arranges: refusals, lost answers, old tokens."""

from dataclasses import dataclass, field

from tests.fakes.azure.faults import Act, Fault
from tests.fakes.call import LOST, Call, Reply
from tests.fakes.gcp.tokens import Tokens

_OF_TOKENS = ("sts.", "iamcredentials.")


@dataclass
class Faults:
    """All mishaps of a test. Operations are named as in ``EndpointService.DeployModel``."""

    tokens: Tokens
    arranged: list[Fault] = field(default_factory=list)

    def on(self, operation: str, act: Reply | Act, times: int | None = 1, after: int = 0) -> Fault:
        """Answer with this, or what the function returns, instead of the handler.

        ``operation`` may hold ``*``; alone, it means all but those that give tokens. The first
        ``after`` requests are spared; ``times`` None means always. A function that returns None
        lets the handler answer: it is told what is asked, and may do something.
        """
        does = (lambda call: act) if isinstance(act, Reply) else act
        return self._arrange(Fault(operation, does, times, after))

    def lose(self, operation: str, times: int | None = 1, after: int = 0) -> Fault:
        """Let the handler do its work, but let its answer be lost on the way."""
        return self._arrange(Fault(operation, lambda call: LOST, times, after, is_afterwards=True))

    def expire_tokens(self) -> None:
        """Let all tokens that were given until now be refused."""
        self.tokens.expire()

    def instead(self, call: Call) -> Reply | None:
        """Return what to answer instead of asking the handler."""
        return self._of(call, is_afterwards=False)

    def afterwards(self, call: Call) -> Reply | None:
        """Return what to answer although the handler did its work."""
        return self._of(call, is_afterwards=True)

    def _of(self, call: Call, *, is_afterwards: bool) -> Reply | None:
        for fault in self.arranged:
            if fault.operation == "*" and call.operation.startswith(_OF_TOKENS):
                continue
            if fault.is_afterwards == is_afterwards and fault.is_due(call):
                reply = fault.act(call)
                if reply is not None:
                    return reply
        return None

    def _arrange(self, fault: Fault) -> Fault:
        self.arranged.append(fault)
        return fault
