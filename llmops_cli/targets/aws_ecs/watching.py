"""Watches who answers at the public address after a release has been given the traffic."""

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import identify
from llmops_cli.clouds.azure.patience import pauses
from llmops_cli.errors import DeployError
from llmops_cli.targets.aws_ecs.place import Place

_ANSWER_SECONDS = 5.0
#: Questions without a right answer, one after the other, that are a fault and no mishap.
_FAULT = 2
_LONGEST_PAUSE_SECONDS = 2.0


def watch(place: Place, release: str, seconds: float) -> None:
    """Ask the public address for ``seconds`` who answers; only the release may.

    Raises:
        DeployError: somebody else does, or nobody, twice running.
    """
    wrong: list[str] = []
    with open_client(place.public_address, _ANSWER_SECONDS) as client:
        for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
            found = identify(client)
            # An image of others answers without naming a release.
            is_right = found.release == release or (found.is_strange and not place.is_ours)
            wrong = [] if is_right else [*wrong, found.release or "no answer"]
            if len(wrong) >= _FAULT:
                raise DeployError(
                    f"{place.public_address} does not answer as it should while it is watched.",
                    evidence=f"Expected {release}; it answered: {', '.join(wrong)}.",
                )
