"""Mishaps that a test arranges: answers instead of the handler's, lost answers, old credentials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.aws.identity import Identity
from tests.fakes.aws.wire import Refusal
from tests.fakes.call import LOST, Call, Reply

#: Instead of the handler's answer; None lets the handler answer after all.
Act = Callable[[Call], Reply | Refusal | None]

THROTTLED = Refusal("Throttling", "Rate exceeded")
BROKEN = Refusal("ServerException", "Service Unavailable. Please try again later.", 500)


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
        if not fnmatchcase(call.operation, self.operation):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """All mishaps of a test."""

    identity: Identity
    arranged: list[Fault] = field(default_factory=list)

    def on(
        self,
        operation: str,
        act: Reply | Refusal | Act,
        times: int | None = 1,
        after: int = 0,
    ) -> Fault:
        """Answer with this, or what the function returns, instead of the handler.

        ``operation`` is as in "ecs.UpdateService", and may hold ``*``. The first ``after`` requests
        are spared; ``times`` None means always. A function that returns None lets the handler
        answer: it is told what is asked, and may do something.
        """
        does = (lambda call: act) if isinstance(act, Reply | Refusal) else act
        return self._arrange(Fault(operation, does, times, after))

    def deny(self, operation: str, times: int | None = None, after: int = 0) -> Fault:
        """Let the caller's policies not allow an operation."""
        return self._arrange(Fault(operation, _denied, times, after))

    def lose(self, operation: str, times: int | None = 1, after: int = 0) -> Fault:
        """Let the handler do its work, but let its answer be lost on the way."""
        return self._arrange(Fault(operation, lambda call: LOST, times, after, is_afterwards=True))

    def expire_tokens(self) -> None:
        """Let all credentials that were used until now be refused."""
        self.identity.expire()

    def instead(self, call: Call) -> Reply | Refusal | None:
        """Return what to answer instead of asking the handler."""
        return self._of(call, is_afterwards=False)

    def afterwards(self, call: Call) -> Reply | Refusal | None:
        """Return what to answer although the handler did its work."""
        return self._of(call, is_afterwards=True)

    def _of(self, call: Call, *, is_afterwards: bool) -> Reply | Refusal | None:
        for fault in self.arranged:
            if fault.is_afterwards == is_afterwards and fault.is_due(call):
                reply = fault.act(call)
                if reply is not None:
                    return reply
        return None

    def _arrange(self, fault: Fault) -> Fault:
        self.arranged.append(fault)
        return fault


def _denied(call: Call) -> Refusal:
    service, _, name = call.operation.partition(".")
    action = f"{_IAM.get(service, service)}:{name}"
    who = "arn:aws:iam::123456789012:user/ci"
    said = f"User: {who} is not authorized to perform: {action} because no identity-based policy"
    return Refusal("AccessDenied", f"{said} allows the {action} action")


_IAM = {"elbv2": "elasticloadbalancing"}
