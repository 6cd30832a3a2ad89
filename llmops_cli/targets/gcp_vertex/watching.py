"""Watches who answers behind the endpoint while the traffic moves, and after it has."""

from collections.abc import Collection

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.carrier import Carrier
from llmops_cli.errors import DeployError

_ANSWER_SECONDS = 10.0
#: Questions without a right answer, one after the other, that are a fault and no mishap.
_FAULT = 2
#: Answers in a row that show that the traffic is back.
_ENOUGH = 3
_LONGEST_PAUSE_SECONDS = 2.0


def watch(url: str, carrier: Carrier, expected: Collection[str], seconds: float) -> None:
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
                raise DeployError(
                    f"{url} does not answer as it should while it is watched.",
                    evidence=f"Expected {' or '.join(sorted(expected))}; "
                    f"it answered: {', '.join(wrong)}.",
                )


def answers_within(url: str, carrier: Carrier, release: str, seconds: float) -> bool:
    """Whether a release, and nobody else, comes to answer."""
    in_a_row = 0
    with open_client(url, _ANSWER_SECONDS, carrier=carrier) as client:
        for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
            while read_release(client) == release:
                in_a_row += 1
                if in_a_row >= _ENOUGH:
                    return True
            in_a_row = 0
    return False
