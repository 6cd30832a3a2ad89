"""A lease: who holds the lock of a target, and until when unless they say that they live."""

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError
from llmops_cli.targets.holding import told, written
from llmops_cli.targets.liveness import is_gone, machine


@dataclass(frozen=True)
class Pace:
    """How long a lease lasts, how often it is renewed, and between two looks; all in seconds.

    From ``certain`` seconds after its end a lease is over by whatever clock: with one that is
    further off than that, no cloud would have let its holder in.
    """

    lease: float = 60.0
    renew: float = 15.0
    look: float = 1.0
    certain: float = 300.0


@dataclass(frozen=True)
class Lease:
    """A lock that somebody holds. ``machine`` is empty where processes cannot be told apart."""

    holder: Holder
    until: datetime
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    machine: str = field(default_factory=machine)

    @property
    def is_abandoned(self) -> bool:
        """Whether its process was one of this very machine, and is gone."""
        return is_gone(self.holder.process, self.machine)

    @property
    def seconds_over(self) -> float:
        """For how long it has been over by our clock, which may differ from its holder's."""
        return (datetime.now(UTC) - self.until).total_seconds()

    def renewed(self, seconds: float) -> "Lease":
        """Return the lease as it is from now on."""
        return replace(self, until=_from_now(seconds))

    def text(self) -> str:
        """Return it as a document; no two that were renewed are the same."""
        document = {
            "nonce": self.nonce,
            "until": self.until.isoformat(),
            "machine": self.machine,
            "holder": json.loads(written(self.holder)),
        }
        return json.dumps(document) + "\n"


def new_lease(holder: Holder, seconds: float) -> Lease:
    """Return a lease from now on."""
    return Lease(holder, _from_now(seconds))


def lease_of(text: str) -> Lease | None:
    """Read a lease, or return None where the text is not one."""
    try:
        found = json.loads(text)
        who = found["holder"]
        since = datetime.fromisoformat(who["since"])
        holder = Holder(who["owner"], who["command"], since, int(who["process"]), who["host"])
        until = datetime.fromisoformat(found["until"])
        return Lease(holder, until, str(found["nonce"]), str(found["machine"]))
    except (ValueError, KeyError, TypeError):
        return None


def held_by(lease: Lease) -> LockedError:
    """Say who holds the lock."""
    return LockedError(
        "Another deploy holds the lock.",
        evidence=told(written(lease.holder), datetime.now(UTC)),
        state="Nothing was changed by this one.",
        next_step="Wait for it to end (--lock-wait), or end that process; its lock goes a minute "
        "after it.",
    )


def lost(lease: Lease | None) -> LockedError:
    """Say that a lock which was ours is not any more, and whose it is now."""
    now = told(written(lease.holder), datetime.now(UTC)) if lease else "Nobody holds it now."
    return LockedError(
        "The lock was lost: for a minute nothing could be heard of this deploy.",
        evidence=now,
        next_step="llmops status, then llmops deploy",
    )


def _from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
