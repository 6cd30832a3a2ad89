"""Takes back a rollout that failed, looks at what serves now, and says so in one error."""

from typing import Protocol

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.plan import Event, Phase, Plan, apply
from llmops_cli.core.release import Candidate, State
from llmops_cli.core.target import Target, carrier_for, trusted_for
from llmops_cli.errors import (
    AccessError,
    BuildError,
    DeployError,
    InterruptedByOperatorError,
    LlmopsError,
    LockedError,
    PreflightError,
    StateUnknownError,
)

#: Causes that keep their own exit status; every other one becomes a failed deploy.
_TELLING = (AccessError, BuildError, PreflightError)


class Progress(Protocol):
    """How far a rollout came; it is also told of the steps that take it back."""

    phase: Phase
    failed_step: str

    def __call__(self, event: Event) -> None: ...


def undone(
    target: Target,
    candidate: Candidate,
    seen: State,
    progress: Progress,
    cause: BaseException,
) -> LlmopsError | None:
    """Take the candidate back and return the error that tells how things are now.

    None is returned where it was settled after all: the target had done so, and only the word of
    it did not arrive.
    """
    plan = target.discard(candidate)
    if progress.phase not in (Phase.STAGE, Phase.VERIFY):
        plan = target.restore(candidate, seen) + plan
    try:
        apply(plan, progress)
        now = target.inspect()
        serving = _serving(target, now)
    except (LlmopsError, OSError, KeyboardInterrupt) as error:
        what = f"Taking it back failed too: {error}"
        return _unknown(candidate, progress, cause, f"{_answering(target, candidate)}{what}")
    before = seen.live.id if seen.live else None
    new = candidate.release.id
    is_recorded = now.recorded is not None and now.recorded.id == new != before
    if progress.phase is Phase.SETTLE and is_recorded and serving == new:
        return None
    # Where nothing served although something should, it may have come back meanwhile.
    expected = {before} if before or not seen.recorded else {None, seen.recorded.id}
    if serving not in expected:
        what = f"{serving or 'nothing'} answers now, not {before or 'nothing'} as before."
        return _unknown(candidate, progress, cause, what)
    return _put_back(candidate, progress, cause, _report(now, serving, plan, cause))


def _serving(target: Target, now: State) -> str | None:
    if now.live is None:
        return None
    with open_client(now.address, 5, trusted_for(target), carrier_for(target)) as client:
        return read_release(client)


def _answering(target: Target, candidate: Candidate) -> str:
    """Say who answers at the public address, which needs no rights; nothing where that fails."""
    try:
        address = target.public_address(candidate.release)
        with open_client(address, 5, trusted_for(target), carrier_for(target)) as client:
            found = read_release(client)
    except (LlmopsError, OSError, ValueError, KeyboardInterrupt):
        return ""
    return f"{found} is serving at {address}. " if found else f"Nobody answers at {address}. "


def _report(now: State, serving: str | None, plan: Plan, cause: BaseException) -> str:
    undone_steps = "; ".join(step.title[0].lower() + step.title[1:] for step in plan)
    found = (
        f"{serving} is serving at {now.address}, as before."
        if serving
        else "Nothing was serving before, and nothing is now."
    )
    # A lock that was lost is somebody else's, or nobody's.
    lock = "" if isinstance(cause, LockedError) else " The lock is released."
    return f"{found} Undone: {undone_steps}.{lock}"


def _put_back(
    candidate: Candidate, progress: Progress, cause: BaseException, state: str
) -> LlmopsError:
    release = candidate.release.id
    if isinstance(cause, KeyboardInterrupt):
        return InterruptedByOperatorError(
            f"Interrupted while {release} was being put into service.",
            evidence=_during(progress),
            state=state,
            next_step="llmops deploy",
        )
    kind = type(cause) if isinstance(cause, _TELLING) else DeployError
    return kind(
        _message(cause), evidence=_evidence(cause, progress), state=state, next_step=_next(cause)
    )


def _unknown(
    candidate: Candidate, progress: Progress, cause: BaseException, what: str
) -> LlmopsError:
    return StateUnknownError(
        f"{candidate.release.id} could not be put into service, and things are not as before.",
        evidence=f"{_message(cause)} {_evidence(cause, progress)}\n{what}".strip(),
        state=what,
        next_step="llmops status",
    )


def _message(cause: BaseException) -> str:
    if isinstance(cause, LlmopsError):
        return cause.message
    return str(cause) or type(cause).__name__


def _evidence(cause: BaseException, progress: Progress) -> str:
    evidence = cause.evidence if isinstance(cause, LlmopsError) else ""
    return evidence or _during(progress)


def _during(progress: Progress) -> str:
    """Say which step it was; an interruption may come between two."""
    return f"During: {progress.failed_step}" if progress.failed_step else ""


def _next(cause: BaseException) -> str:
    told = cause.next_step if isinstance(cause, LlmopsError) else ""
    return told or "Mend it, commit, and: llmops deploy"
