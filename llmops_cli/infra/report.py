"""What to say of an apply that was not done wholly: what was made, what is left, what to do."""

from collections.abc import Sequence

from llmops_cli.core.infrastructure import Action, Change, Proposal
from llmops_cli.errors import (
    AccessError,
    DeployError,
    InterruptedByOperatorError,
    LlmopsError,
    StateUnknownError,
)
from llmops_cli.infra.cloud import About
from llmops_cli.infra.running import Ended
from llmops_cli.infra.stream import Stream, told
from llmops_cli.infra.trouble import is_locked, is_refusal, locked, without_secrets

_NAMED = 10


def failure_of(proposal: Proposal, ended: Ended, stream: Stream, about: About) -> LlmopsError:
    """Return the error for an apply that failed or was interrupted."""
    evidence = without_secrets(told(stream.diagnostics, stream.other))
    if is_locked(evidence):
        return locked(evidence, about)
    state = _state(proposal, stream)
    again = "llmops infra destroy" if _only_destroys(proposal) else "llmops infra apply"
    if ended.was_interrupted:
        return InterruptedByOperatorError(
            "Interrupted.",
            state=f"{state} The lock is released.",
            next_step=f"{again} goes on where it stopped.",
        )
    if is_refusal(evidence, about.cloud):
        return AccessError(
            f"{about.cloud.name} did not let Terraform make all changes.",
            evidence=evidence,
            state=state,
            next_step=f"Get the right that is named; then {again} goes on where it stopped.",
        )
    kind = StateUnknownError if _loses_something(proposal) else DeployError
    return kind(
        f"The infrastructure of {about.target} was not changed wholly.",
        evidence=evidence,
        state=state,
        next_step=f"Mend what was seen; then {again} goes on where it stopped.",
    )


def _state(proposal: Proposal, stream: Stream) -> str:
    done, failed = set(stream.done), {found.address for found in stream.diagnostics}
    left = [change.address for change in proposal.changes if change.address not in done]
    left.sort(key=lambda address: address not in failed)
    made = len(proposal.changes) - len(left)
    counted = f"{made} of {len(proposal.changes)} changes were made."
    return f"{counted} Left: {_listed(left)}." if left else counted


def _listed(addresses: Sequence[str]) -> str:
    named = ", ".join(addresses[:_NAMED])
    more = len(addresses) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _only_destroys(proposal: Proposal) -> bool:
    return all(change.action is Action.DESTROY for change in proposal.changes)


def _loses_something(proposal: Proposal) -> bool:
    return any(_is_loss(change) for change in proposal.changes)


def _is_loss(change: Change) -> bool:
    return change.action in (Action.DESTROY, Action.REPLACE)
