"""Mishaps that a test arranges: answers instead of the handler's, lost answers, old tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.azure.entra import Entra
from tests.fakes.call import Call, Reply

#: Instead of the handler's answer; None lets the handler answer after all.
Act = Callable[[Call], Reply | None]


@dataclass
class Fault:
    """One mishap. ``hits`` is how often it came about."""

    operation: str
    act: Act
    times: int | None
    after: int
    is_afterwards: bool = False
    seen: int = 0
    hits: int = 0

    def is_due(self, call: Call) -> bool:
        """Count the request, and say whether it is to go wrong."""
        if not self._is_meant(call.operation):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def _is_meant(self, operation: str) -> bool:
        if self.operation == "*":
            return not operation.startswith("entra")
        return fnmatchcase(operation, self.operation)


@dataclass
class Faults:
    """All mishaps of a test."""

    entra: Entra
    arranged: list[Fault] = field(default_factory=list)

    def on(self, operation: str, act: Reply | Act, times: int | None = 1, after: int = 0) -> Fault:
        """Answer with this, or what the function returns, instead of the handler.

        ``operation`` may hold ``*``; alone, it means all but those of Entra ID. The first
        ``after`` requests are spared; ``times`` None means always. A function that returns None
        lets the handler answer: it is told what is asked, and may do something.
        """
        does = (lambda call: act) if isinstance(act, Reply) else act
        return self._arrange(Fault(operation, does, times, after))

    def lose(self, operation: str, times: int | None = 1, after: int = 0) -> Fault:
        """Let the handler do its work, but let its answer be lost on the way."""
        return self._arrange(
            Fault(operation, lambda call: Reply(0), times, after, is_afterwards=True)
        )

    def expire_tokens(self) -> None:
        """Let all tokens that were given until now be refused."""
        self.entra.expire()

    def instead(self, call: Call) -> Reply | None:
        """Return what to answer instead of asking the handler."""
        return self._of(call, is_afterwards=False)

    def afterwards(self, call: Call) -> Reply | None:
        """Return what to answer although the handler did its work."""
        return self._of(call, is_afterwards=True)

    def _of(self, call: Call, *, is_afterwards: bool) -> Reply | None:
        for fault in self.arranged:
            if fault.is_afterwards == is_afterwards and fault.is_due(call):
                reply = fault.act(call)
                if reply is not None:
                    return reply
        return None

    def _arrange(self, fault: Fault) -> Fault:
        self.arranged.append(fault)
        return fault
