"""One deploy at a time: a tag of the app that says who deploys, and until when at the longest."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError
from llmops_cli.targets.azure_containerapp.app import App
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.tags import PREFIX
from llmops_cli.targets.azure_containerapp.writing import (
    change,
    patiently,
    present,
    send,
    with_location,
)
from llmops_cli.targets.holding import told
from llmops_cli.targets.liveness import is_gone, machine

TAG = f"{PREFIX}lock"
#: Seconds from our word in the tag until we look whether it stands: longer than it takes another
#: to write after having read that the lock is free. (M. Fischer's algorithm.) Azure itself lets
#: nobody write while it takes a change.
_SETTLING_SECONDS = 0.5
#: Seconds that a lock holds besides what the project file lets a deploy take: at first for the
#: image, and from the first change on for the checks.
_IMAGE_SECONDS, _CHECK_SECONDS = 1800.0, 600.0
_LONGEST_WORD = 32


@dataclass(frozen=True)
class Lease:
    """A lock that somebody holds. ``machine`` is empty where processes cannot be told apart."""

    nonce: str
    until: datetime
    holder: Holder
    machine: str

    @property
    def is_over(self) -> bool:
        """Whether its time is over, or its process was killed on this very machine."""
        return datetime.now(UTC) > self.until or is_gone(self.holder.process, self.machine)

    def text(self) -> str:
        """Return the lease as the text of a tag."""
        holder = self.holder
        words = [holder.owner, holder.command, holder.host]
        document = [
            self.nonce,
            int(self.until.timestamp()),
            int(holder.since.timestamp()),
            holder.process,
            self.machine,
            *(word[:_LONGEST_WORD] for word in words),
        ]
        return json.dumps(document, separators=(",", ":")).replace(" ", r"\u0020")[:256]


def lease_of(tags: Mapping[str, str]) -> Lease | None:
    """Return the lease that the tags hold, or None where nobody holds the lock."""
    text = tags.get(TAG)
    if not text:
        return None
    try:
        nonce, until, since, process, where, owner, command, host = json.loads(text)
        holder = Holder(owner, command, datetime.fromtimestamp(since, UTC), int(process), host)
        return Lease(nonce, datetime.fromtimestamp(until, UTC), holder, where)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def new_lease(place: Place, holder: Holder) -> Lease:
    """Return a lease for a holder, from now on."""
    return Lease(secrets.token_hex(6), _until(place, _IMAGE_SECONDS), holder, machine())


def renewed(place: Place, lease: Lease) -> Lease:
    """Return a lease that holds from now on."""
    return replace(lease, until=_until(place, _CHECK_SECONDS))


def with_lease(lease: Lease, tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags with the lease."""
    return {**tags, TAG: lease.text()}


def without_lease(tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags without a lease."""
    return {**tags, TAG: ""}


def take(place: Place, lease: Lease) -> Lease | None:
    """Take the lock, and return the lease that it held before: of one who never gave it back.

    Where there is no app, there is no tag to write either; it is made with the lock in it.

    Raises:
        LockedError: somebody else holds it; the error says who, since when, and doing what.
    """
    before: list[Lease] = []
    taken: list[App] = []

    def attempt() -> None:
        app = place.read_app()
        if app is None:
            return
        taken[:] = [app]
        found = lease_of(app.tags)
        if found is not None and found.nonce == lease.nonce:
            return
        if found is not None and not found.is_over:
            raise held_by(found)
        before[:] = [found] if found else []
        document = with_location(app, {"tags": with_lease(lease, app.tags)})
        # A second attempt has to read first: somebody may have been faster.
        send(place, "take the lock", document, retry_total=0)

    patiently(place, "take the lock", attempt)
    if taken:
        time.sleep(_SETTLING_SECONDS)
        check(present(place), lease)
    return before[0] if before else None


def give_back(place: Place, lease: Lease) -> None:
    """Give the lock back, if it is ours still."""

    def body(app: App) -> Mapping[str, object] | None:
        found = lease_of(app.tags)
        is_ours = found is not None and found.nonce == lease.nonce
        return {"tags": without_lease(app.tags)} if is_ours else None

    change(place, "give the lock back", body)


def check(app: App, lease: Lease) -> None:
    """Make sure that the lock is ours.

    Raises:
        LockedError: it is somebody else's, or nobody's.
    """
    found = lease_of(app.tags)
    if found is None:
        raise LockedError(
            "The lock was lost: somebody removed its tag.",
            evidence=f"The app has no tag {TAG}.",
            next_step="llmops status, then llmops deploy",
        )
    if found.nonce != lease.nonce:
        raise held_by(found)


def held_by(lease: Lease) -> LockedError:
    """Say who holds the lock."""
    holder = lease.holder
    document = {
        "owner": holder.owner,
        "command": holder.command,
        "since": holder.since.isoformat(),
        "process": holder.process,
        "host": holder.host,
    }
    return LockedError(
        "Another deploy holds the lock.",
        evidence=told(json.dumps(document), datetime.now(UTC)),
        state="Nothing was changed by this one.",
        next_step="Wait for it to end, or end that process; its lock goes at "
        f"{lease.until:%H:%M:%S} UTC at the latest.",
    )


def _until(place: Place, spare: float) -> datetime:
    configured = place.configured
    steps = len(configured.traffic_steps) * configured.step_seconds
    seconds = configured.ready_seconds + steps + configured.bake_seconds + spare
    return datetime.now(UTC) + timedelta(seconds=seconds)
