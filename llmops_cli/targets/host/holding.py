"""The lock on all hosts: held by an agent on each, as long as its connection lives and beats."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from llmops_cli.core.target import Holder
from llmops_cli.errors import LlmopsError, LockedError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.trouble import RefusedError, UnreachableError
from llmops_cli.targets.holding import told, written

#: Seconds without a sign of life after which a host puts back what is not settled.
LEASE_SECONDS = 30
#: Seconds in which a host that was lost is asked again: its lease runs out, or it starts anew.
AGAIN_SECONDS = LEASE_SECONDS + 15.0
_POLL_SECONDS = 0.5


@dataclass
class Hold:
    """What is there while the lock is held: by whom, on which hosts, what served there before.

    ``address`` is where this machine reaches the staged release.
    """

    holder: str = ""
    hosts: Sequence[str] = ()
    before: dict[str, str | None] = field(default_factory=dict)
    address: str = ""

    def clear(self) -> None:
        """Forget all of it."""
        self.holder, self.hosts, self.address = "", (), ""
        self.before = {}


@contextlib.contextmanager
def held(hosts: Hosts, hold: Hold, holder: Holder) -> Iterator[None]:
    """Hold the lock on all hosts that are reached; what a killed holder left is put in order.

    Raises:
        LockedError: somebody else holds it on one of them, and it is held on none by us.
        LlmopsError: too few hosts are reached.
    """
    # Whoever asks takes them in the same order, so that of two one gets all.
    first, *others = sorted(hosts.there)
    hold.holder, hold.hosts = written(holder), hosts.there
    try:
        for among in ([first], others):
            hosts.each(lambda _host, session: _take(session, hold.holder), among)
        yield
    finally:
        asked = hold.hosts
        hold.clear()
        # Others may be waiting for the lock of somebody else, over the connection that there is.
        hosts.at_once(hosts.forget, [host for host in asked if not hosts.is_idle(host)])


def regained(hosts: Hosts, hold: Hold, host: str) -> Session:
    """Return the session with which the lock of a host is held; take it anew where it was lost.

    The host has put back by then what was not settled.

    Raises:
        LlmopsError: it could not be taken again.
    """
    deadline = time.monotonic() + AGAIN_SECONDS
    while True:
        try:
            session = hosts.session(host)
            if not session.is_kept_alive:
                _take(session, hold.holder)
        except (UnreachableError, LockedError):
            hosts.forget(host)
            if time.monotonic() > deadline or not hosts.pause(_POLL_SECONDS):
                raise
        else:
            return session


def _take(session: Session, holder: str) -> None:
    try:
        session.ask("lock", holder=holder, lease=LEASE_SECONDS)
    except RefusedError as error:
        raise _refused(session.host, error) from error
    session.beat()


def _refused(host: str, error: RefusedError) -> LlmopsError:
    if error.why != "locked":
        return error
    return LockedError(
        f"Another deploy holds the lock on {host}.",
        evidence=told(error.evidence, datetime.now(UTC))
        or "Its holder has just begun or is just ending.",
        state="Nothing was changed by this one.",
        next_step="Wait for it to end, or end that process; its lock goes with it, at the latest "
        f"{LEASE_SECONDS} s after.",
    )
