"""One deploy at a time: a container whose name can be taken once, and a beat to keep it."""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from llmops_cli.core.target import Holder
from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, GoneError, TakenError
from llmops_cli.errors import EngineError, LlmopsError, LockedError
from llmops_cli.stacks.stack import LOCK, Stack
from llmops_cli.targets.holding import told, written

#: Seconds between beats, and seconds without one after which the holder counts as gone.
BEAT_SECONDS = 5.0
STALE_SECONDS = 30.0
_ATTEMPTS = 3
_BEAT = "beat"
_HOLDER, _TOKEN = "llmops.holder", "llmops.token"


@dataclass(frozen=True)
class Held:
    """A lock that is ours: the id of its container."""

    engine: Engine
    container: str

    def check(self) -> None:
        """Make sure that it is ours still.

        Raises:
            LockedError: somebody took it while this machine or its connection slept.
        """
        try:
            self.engine.run("container", "inspect", "--format", "{{.Id}}", self.container)
        except EngineError as error:
            raise LockedError(
                "The lock was lost: for a while nothing was heard of this deploy.",
                evidence=error.evidence,
                next_step="llmops status, then llmops deploy",
            ) from error


@contextlib.contextmanager
def held(engine: Engine, stack: Stack, holder: Holder) -> Iterator[Held]:
    """Hold the lock of a stack, for every llmops on every machine that uses this engine.

    A killed holder blocks others until its last beat is STALE_SECONDS old, by the engine's clock.

    Raises:
        LockedError: somebody else holds it; the error says who, since when, and doing what.
    """
    taken = _take(engine, stack, holder)
    ending = threading.Event()
    beating = threading.Thread(target=_beat, args=(engine, taken, ending), daemon=True)
    beating.start()
    try:
        yield Held(engine, taken)
    finally:
        ending.set()
        with contextlib.suppress(EngineError):
            engine.run("rm", "--force", taken)


def _take(engine: Engine, stack: Stack, holder: Holder) -> str:
    for _ in range(_ATTEMPTS):
        token = secrets.token_hex(8)
        labels = {**stack.labels(LOCK), _HOLDER: written(holder), _TOKEN: token}
        try:
            return volumes.make_container(engine, labels, name=stack.lock)
        except TakenError:
            _remove_if_stale(engine, stack)
        except BaseException:
            # It may have been made although the word of it did not arrive.
            _remove_by_token(engine, token)
            raise
    raise LockedError(
        "Another deploy holds the lock.",
        evidence="Others take it as soon as it is free.",
        state="Nothing was changed by this one.",
        next_step="Try again, or: llmops deploy --lock-wait 60",
    )


def _beat(engine: Engine, container: str, ending: threading.Event) -> None:
    """Tell again and again, in seconds of the engine's clock, that the holder lives."""
    began = time.monotonic()
    try:
        created = _created(engine, container)
    except LlmopsError:
        return
    while not ending.wait(BEAT_SECONDS):
        now = created + timedelta(seconds=time.monotonic() - began)
        with contextlib.suppress(LlmopsError, GoneError):
            volumes.put(engine, container, "", [Entry(_BEAT, now.isoformat().encode())])


def _remove_if_stale(engine: Engine, stack: Stack) -> None:
    """Remove a lock whose holder is gone; where the holder lives, say who it is."""
    try:
        found = json.loads(engine.run("container", "inspect", stack.lock))[0]
    except EngineError:
        return
    try:
        beat = volumes.get(engine, found["Id"], f"/{_BEAT}")
    except GoneError:
        return
    last = _moment(beat.decode()) if beat else _moment(found["Created"])
    now = engine_time(engine)
    if (now - last).total_seconds() < STALE_SECONDS:
        raise _locked(found["Config"]["Labels"].get(_HOLDER, "{}"), now)
    # By its id: a lock that somebody takes now is another container.
    with contextlib.suppress(EngineError):
        engine.run("rm", "--force", found["Id"])


def _remove_by_token(engine: Engine, token: str) -> None:
    with contextlib.suppress(LlmopsError):
        found = engine.run("ps", "--all", "--quiet", "--filter", f"label={_TOKEN}={token}")
        for container in found.decode().split():
            engine.run("rm", "--force", container)


def engine_time(engine: Engine) -> datetime:
    """Return what time it is for the engine, whatever this machine's clock says."""
    return _moment(engine.run("info", "--format", "{{.SystemTime}}").decode().strip())


def _created(engine: Engine, container: str) -> datetime:
    form = ("container", "inspect", "--format", "{{.Created}}", container)
    return _moment(engine.run(*form).decode().strip())


def _moment(text: str) -> datetime:
    # Go writes nanoseconds, which Python reads up to the microseconds.
    return datetime.fromisoformat(text).astimezone(UTC)


def _locked(text: str, now: datetime) -> LockedError:
    return LockedError(
        "Another deploy holds the lock.",
        evidence=told(text, now) or "It was taken by hand.",
        state="Nothing was changed by this one.",
        next_step="Wait for it to end, or end that process; its lock goes "
        f"{STALE_SECONDS:g} s after it.",
    )
