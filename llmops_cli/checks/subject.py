"""What a run of the checks is about: the address, the credential and what is expected there."""

from dataclasses import dataclass

from llmops_cli.checks.evals import Eval
from llmops_cli.core.carrier import Carrier
from llmops_cli.core.secret import Secret


@dataclass(frozen=True)
class Subject:
    """A running API and what should be true of it.

    ``expected_release`` is compared exactly; ``expected_commit`` is the beginning of a commit sha
    as an operator writes it, which every clean revision of that commit satisfies.
    ``timeout_seconds`` limits a request that calls no model and ``model_timeout_seconds`` one that
    does: 35 lets a server with a budget of 30 seconds give its own error. ``requires_recall`` is
    whether the model is able to repeat what it was told; one with random weights is not.
    ``has_own_application`` is whether the release serves an application of the project in the
    place of the API, which need not speak the OpenAI dialect. ``trusted`` holds certificates (PEM)
    that are trusted besides the system's. ``carrier`` brings the questions there
    where ``url`` is no address that plain HTTP reaches.
    """

    url: str
    credential: Secret | None = None
    expected_release: str | None = None
    evals: tuple[Eval, ...] = ()
    timeout_seconds: float = 10
    model: str | None = None
    expected_commit: str | None = None
    requires_recall: bool = True
    model_timeout_seconds: float = 35
    has_own_application: bool = False
    trusted: str = ""
    carrier: Carrier | None = None
