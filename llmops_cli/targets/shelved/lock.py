"""One deploy at a time: a text that one can write, and that is written again while it lives."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from llmops_cli.clouds.shelf import ChangedError, Kept, Shelf
from llmops_cli.core.target import Holder
from llmops_cli.errors import LlmopsError, LockedError
from llmops_cli.targets.shelved.lease import Lease, Pace, held_by, lease_of, lost, new_lease

#: Others may write between our look and our word; whoever loses that race looks again.
_ATTEMPTS = 4


@dataclass
class Lock:
    """A lock that this process takes, renews and gives back. ``version`` is that of our word.

    Whatever speaks of it does so under ``guard``, for it is renewed in a thread of its own.
    """

    shelf: Shelf
    key: str
    pace: Pace
    lease: Lease
    version: str | None = None
    is_lost: bool = False
    guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def take(self) -> None:
        """Take it from nobody, or from one who is gone.

        Raises:
            LockedError: somebody holds it.
        """
        for _ in range(_ATTEMPTS):
            found = self.shelf.read(self.key)
            if found is not None and not self._is_free(found):
                holder = lease_of(found.text)
                assert holder is not None
                raise held_by(holder)
            with contextlib.suppress(ChangedError):
                self._write(found.version if found else None)
                return
        raise LockedError(
            "Another deploy holds the lock.",
            evidence="Others take it as soon as it is free.",
            state="Nothing was changed by this one.",
            next_step="Try again, or: llmops deploy --lock-wait 60",
        )

    def renew(self) -> None:
        """Say that we live, which proves that the lock is ours.

        Raises:
            LockedError: it is not, and never will be again.
            LlmopsError: the shelf does not answer; it may be ours still.
        """
        with self.guard:
            if self.is_lost:
                raise lost(self._holder())
            try:
                self._say()
            except ChangedError as error:
                raise lost(self._holder()) from error

    def _say(self) -> None:
        try:
            self._write(self.version)
        except ChangedError:
            self._write(self._adopted())

    def give_back(self) -> None:
        """Give it back, if it is ours still."""
        with self.guard, contextlib.suppress(LlmopsError, ChangedError):
            try:
                # Cut off while we took it, our word may stand there without our knowing how.
                self.shelf.remove(self.key, self.version or self._adopted())
            except ChangedError:
                self.shelf.remove(self.key, self._adopted())

    def _write(self, expected: str | None) -> None:
        with self.guard:
            lease = self.lease.renewed(self.pace.lease)
            self.version = self.shelf.write(self.key, lease.text(), expected)
            self.lease = lease

    def _adopted(self) -> str:
        """Take the version that is there for ours if it is our word: an answer may get lost.

        Raises:
            ChangedError: it is another's.
        """
        found = self.shelf.read(self.key)
        lease = lease_of(found.text) if found else None
        if found is None or lease is None or lease.nonce != self.lease.nonce:
            self.is_lost = True
            raise ChangedError
        self.version = found.version
        return found.version

    def _holder(self) -> Lease | None:
        with contextlib.suppress(LlmopsError):
            found = self.shelf.read(self.key)
            return lease_of(found.text) if found else None
        return None

    def _is_free(self, found: Kept) -> bool:
        lease = lease_of(found.text)
        if lease is None or lease.nonce == self.lease.nonce or lease.is_abandoned:
            return True
        if lease.seconds_over <= 0:
            return False
        return lease.seconds_over > self.pace.certain or self._is_silent(found.version)

    def _is_silent(self, version: str) -> bool:
        """Whether nobody renews a lease for longer than a living holder would let pass.

        It is over by our clock, and that may be fast.
        """
        until = time.monotonic() + self.pace.renew + 2 * self.pace.look
        while time.monotonic() < until:
            time.sleep(self.pace.look)
            found = self.shelf.read(self.key)
            if found is None or found.version != version:
                return found is None
        return True


@contextlib.contextmanager
def held(shelf: Shelf, key: str, holder: Holder, pace: Pace) -> Iterator[Lock]:
    """Hold a lock, for every llmops on every machine.

    Raises:
        LockedError: somebody else holds it; the error says who, since when, and doing what.
    """
    lock = Lock(shelf, key, pace, new_lease(holder, pace.lease))
    ending = threading.Event()
    is_theirs = False
    try:
        try:
            lock.take()
        except LockedError:
            is_theirs = True
            raise
        threading.Thread(target=_renew, args=(lock, ending), daemon=True).start()
        yield lock
    finally:
        ending.set()
        if not is_theirs:
            lock.give_back()


def _renew(lock: Lock, ending: threading.Event) -> None:
    """Renew a lease while the process lives. What goes wrong is said by who needs the lock next."""
    while not ending.wait(lock.pace.renew):
        with contextlib.suppress(LlmopsError):
            lock.renew()
