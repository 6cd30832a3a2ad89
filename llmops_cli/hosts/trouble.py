"""What can go wrong between this machine and a host, as errors that say what to do."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from llmops_cli.errors import AccessError, LlmopsError, PreflightError

#: Which error tells for all where several hosts failed: the one that an operator has to mend.
_BY_WEIGHT = (AccessError, PreflightError)


class UnreachableError(LlmopsError):
    """A host is not reached, or the connection to it broke; what was asked may have been done.

    Within a deploy it becomes a failed deploy.
    """

    code = "unreachable"
    exit_status: ClassVar[int] = 4


class RefusedError(LlmopsError):
    """The agent on a host says why it did not do what it was asked.

    ``why`` is one of the words that `session` lists.
    """

    code = "refused"
    exit_status: ClassVar[int] = 4

    def __init__(
        self,
        message: str,
        *,
        evidence: str = "",
        state: str = "",
        next_step: str = "",
        why: str = "failed",
    ) -> None:
        super().__init__(message, evidence=evidence, state=state, next_step=next_step)
        self.why = why


def gathered(failed: Mapping[str, LlmopsError], asked: Sequence[str]) -> LlmopsError:
    """Return one error for what failed at some of the hosts that were asked.

    It is of the class of the weightiest, and of several it names each host with its reason.
    """
    chosen = _weightiest(list(failed.values()))
    if len(asked) == 1:
        return chosen
    message = f"{len(failed)} of {len(asked)} hosts failed: {', '.join(failed)}."
    evidence = "\n".join(named(host, _in_full(error)) for host, error in failed.items())
    if len(failed) == 1:
        [host] = failed
        message, evidence = named(host, chosen.message), chosen.evidence
    texts = {"evidence": evidence, "state": chosen.state, "next_step": chosen.next_step}
    if isinstance(chosen, RefusedError):
        return RefusedError(message, **texts, why=chosen.why)
    return type(chosen)(message, **texts)


def named(host: str, text: str) -> str:
    """Return a text about a host, with its name unless it is in there."""
    return text if host in text else f"{host}: {text}"


def _weightiest(errors: Sequence[LlmopsError]) -> LlmopsError:
    for kind in _BY_WEIGHT:
        for error in errors:
            if isinstance(error, kind):
                return error
    # What was refused says more than a connection that broke.
    return next((e for e in errors if not isinstance(e, UnreachableError)), errors[0])


def _in_full(error: LlmopsError) -> str:
    return f"{error.message} {error.evidence}".strip()
