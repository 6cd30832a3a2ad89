"""What is said where the infrastructure of hosts was not made, or not at all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.errors import (
    DeployError,
    LlmopsError,
    LockedError,
    PreflightError,
    StateUnknownError,
)
from llmops_cli.hosts.trouble import RefusedError


@dataclass(frozen=True)
class Done:
    """How it went, host by host: those where all is done, and what went wrong at the others."""

    well: Sequence[str]
    failed: Mapping[str, LlmopsError]

    @property
    def evidence(self) -> str:
        """What went wrong, by host."""
        return "\n".join(f"{host}: {_in_full(error)}" for host, error in self.failed.items())


def in_the_way(obstacles: Mapping[str, Sequence[str]]) -> PreflightError:
    """Return what to say where something stands in the way, before anything is changed."""
    lines = [f"{host}: {text}" for host, texts in obstacles.items() for text in texts]
    hosts = [host for host, texts in obstacles.items() if texts]
    return PreflightError(
        f"Something is in the way on {', '.join(hosts)}.",
        evidence="\n".join(lines),
        state="Nothing was changed.",
        next_step="Mend that, then: llmops infra plan",
    )


def changed_meanwhile(hosts: Sequence[str]) -> PreflightError:
    """Return what to say where a host is no longer as it was when the plan was made."""
    return PreflightError(
        "The plan is no longer the one that was shown.",
        evidence=f"{', '.join(hosts)} changed meanwhile.",
        state="Nothing was changed.",
        next_step="llmops infra plan",
    )


def made_partly(target: str, done: Done) -> LlmopsError:
    """Return what to say where not all hosts could be made."""
    untouched = _untouched(done)
    if untouched and not done.well:
        return untouched
    state = _state("Made", done.well, done.failed)
    return DeployError(
        f"The infrastructure of {target} could not be made on {', '.join(done.failed)}.",
        evidence=done.evidence,
        state=f"{state} What is made is on record there; releases that serve were left alone.",
        next_step="Mend that, then: llmops infra apply",
    )


def destroyed_partly(target: str, done: Done) -> LlmopsError:
    """Return what to say where something of it is left on a host."""
    untouched = _untouched(done)
    if untouched and not done.well:
        return untouched
    return StateUnknownError(
        f"The infrastructure of {target} could not be destroyed on {', '.join(done.failed)}.",
        evidence=done.evidence,
        state=_state("Destroyed", done.well, done.failed),
        next_step="Mend that, then: llmops infra destroy",
    )


def _state(verb: str, well: Sequence[str], failed: Mapping[str, LlmopsError]) -> str:
    return f"{verb}: {', '.join(well) or 'no host'}. Not wholly: {', '.join(failed)}."


def _untouched(done: Done) -> LlmopsError | None:
    """Return what to say where a host refused before it did anything."""
    refused = {host: error for host, error in done.failed.items() if _why(error)}
    if len(refused) < len(done.failed):
        return None
    changed = [host for host, error in refused.items() if _why(error) == "changed"]
    if changed:
        return changed_meanwhile(changed)
    host, error = next(iter(refused.items()))
    return LockedError(
        f"Somebody else is changing {host}.",
        evidence=_holder(error.evidence),
        state="Nothing was changed.",
        next_step="Wait until they are done.",
    )


def _why(error: LlmopsError) -> str:
    """Return why an agent refused to begin, or nothing where it began or was not asked."""
    why = error.why if isinstance(error, RefusedError) else ""
    return why if why in ("changed", "locked") else ""


def _holder(text: str) -> str:
    try:
        found = json.loads(text)
        return f"{found['owner']} runs `{found['command']}` on {found['host']}"
    except (ValueError, KeyError, TypeError):
        return text


def _in_full(error: LlmopsError) -> str:
    return f"{error.message} {error.evidence}".strip()
