"""One deploy at a time: an entry of the deployment log that can be made once, and a beat.

A swap may take the log along or leave it, so the entry is made in production's and the slot's.
"""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmops_cli.core.target import Holder
from llmops_cli.errors import LlmopsError, LockedError
from llmops_cli.targets.azure_webapp.history import PREFIX, entry_body, message_of
from llmops_cli.targets.azure_webapp.side import Side
from llmops_cli.targets.holding import told, written

LOCK = f"{PREFIX}lock"
_BEAT = f"{PREFIX}beat-"
#: Seconds between beats, and seconds without one after which the holder counts as gone.
BEAT_SECONDS = 45.0
STALE_SECONDS = 180.0
_ATTEMPTS = 2


@dataclass(frozen=True)
class Held:
    """A lock that is ours: the word in it that only we know."""

    sides: Sequence[Side]
    nonce: str
    since: float = field(default_factory=time.monotonic)
    taken: list[Side] = field(default_factory=list)

    def check(self) -> None:
        """Make sure that it is ours still.

        Raises:
            LockedError: it is not: it was taken while this machine or its connection slept.
        """
        found = _read(self.sides[0].entry(LOCK))
        if found.get("nonce") != self.nonce:
            raise LockedError(
                "The lock was lost: for a while nothing was heard of this deploy.",
                evidence=told(str(found.get("holder", "")), self.sides[0].clock.now()),
                next_step="llmops status, then llmops deploy",
            )


@contextlib.contextmanager
def held(sides: Sequence[Side], holder: Holder) -> Iterator[Held]:
    """Hold the lock of an app, for every llmops on every machine.

    A killed holder blocks others until its last beat is STALE_SECONDS old, by Azure's clock.

    Raises:
        LockedError: somebody else holds it; the error says who, since when, and doing what.
    """
    lock = Held(sides, secrets.token_hex(8))
    ending = threading.Event()
    try:
        for side in sides:
            lock.taken.append(side)
            _take(side, lock, holder)
        threading.Thread(target=_beat, args=(lock, ending), daemon=True).start()
        yield lock
    finally:
        ending.set()
        _release(lock)


def is_of_lock(id: str) -> bool:
    """Whether an entry of that id belongs to a lock."""
    return id == LOCK or id.startswith(_BEAT)


def _take(side: Side, lock: Held, holder: Holder) -> None:
    for _ in range(_ATTEMPTS):
        at = side.clock.now().isoformat()
        text = json.dumps({"nonce": lock.nonce, "at": at, "holder": written(holder)})
        side.add_entry(LOCK, entry_body(text, author=holder.owner))
        # The log answers with what was sent, also where somebody else's entry stays.
        entry = side.entry(LOCK)
        found = _read(entry)
        if found.get("nonce") == lock.nonce:
            return
        if entry is None:
            continue
        now = side.clock.now()
        beat = _last_beat(lock.sides, found)
        if beat is None or (now - beat).total_seconds() < STALE_SECONDS:
            lock.taken.remove(side)
            raise _locked(found, now)
        side.remove_entry(LOCK)
    lock.taken.remove(side)
    raise LockedError(
        "Another deploy holds the lock.",
        evidence="Others take it as soon as it is free.",
        state="Nothing was changed by this one.",
        next_step="Try again, or: llmops deploy --lock-wait 60",
    )


def _release(lock: Held) -> None:
    # Nobody else may take it before it is stale; later it may be another's.
    is_surely_ours = time.monotonic() - lock.since < STALE_SECONDS / 2
    for side in lock.taken:
        with contextlib.suppress(LlmopsError):
            if is_surely_ours or _read(side.entry(LOCK)).get("nonce") == lock.nonce:
                side.remove_entry(LOCK)


def _beat(lock: Held, ending: threading.Event) -> None:
    """Say again and again that the holder lives, each time in a new entry: none can be changed."""
    side, number = lock.sides[0], 0
    while not ending.wait(BEAT_SECONDS):
        number += 1
        with contextlib.suppress(LlmopsError):
            text = json.dumps({"nonce": lock.nonce, "at": side.clock.now().isoformat()})
            body = entry_body(text, author="llmops")
            side.add_entry(f"{_BEAT}{lock.nonce}-{number}", body)
            side.remove_entry(f"{_BEAT}{lock.nonce}-{number - 1}")


def _last_beat(sides: Sequence[Side], found: Mapping[str, Any]) -> datetime | None:
    """Return when the holder was last heard of, if the lock says who it is."""
    beats = [_read(entry) for side in sides for entry in side.entries()]
    ours = [beat for beat in beats if beat.get("nonce") == found.get("nonce")]
    moments = [moment for beat in (found, *ours) if (moment := _moment(beat)) is not None]
    return max(moments, default=None)


def _moment(beat: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(beat.get("at")))
    except ValueError:
        return None


def _read(entry: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        found = json.loads(message_of(entry))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _locked(found: Mapping[str, Any], now: datetime) -> LockedError:
    return LockedError(
        "Another deploy holds the lock.",
        evidence=told(str(found.get("holder", "")), now) or "It was taken by hand.",
        state="Nothing was changed by this one.",
        next_step="Wait for it to end, or end that process; its lock goes "
        f"{STALE_SECONDS:g} s after it.",
    )
