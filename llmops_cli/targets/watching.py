"""Watches who answers at the public address while the traffic moves, and after it has."""

import time
from collections.abc import Collection

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.carrier import Carrier
from llmops_cli.errors import DeployError

_ANSWER_SECONDS = 5.0
#: Questions without a right answer, one after the other, that are a fault and no mishap.
_FAULT = 2
_LONGEST_PAUSE_SECONDS = 2.0


def watch(
    url: str,
    expected: Collection[str | None],
    seconds: float,
    carrier: Carrier | None = None,
) -> None:
    """Ask for ``seconds`` who answers; only ``expected`` may.

    Raises:
        DeployError: somebody else does, or nobody, twice running.
    """
    wrong: list[str] = []
    with open_client(url, _ANSWER_SECONDS, carrier=carrier) as client:
        for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
            answered = read_release(client)
            wrong = [] if answered in expected else [*wrong, answered or "no answer"]
            if len(wrong) >= _FAULT:
                allowed = " or ".join(sorted(name for name in expected if name))
                raise DeployError(
                    f"{url} does not answer as it should while it is watched.",
                    evidence=f"Expected {allowed}; it answered: {', '.join(wrong)}.",
                )


def answers_within(url: str, release: str, seconds: float, carrier: Carrier | None = None) -> bool:
    """Whether an address comes to answer with a release."""
    deadline = time.monotonic() + seconds
    with open_client(url, _ANSWER_SECONDS, carrier=carrier) as client:
        for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
            if read_release(client) == release:
                return True
            if time.monotonic() > deadline:
                break
    return False
