"""Watches who answers at the public address after a release has been given the traffic."""

from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError
from llmops_cli.targets.aws_ecs import answering
from llmops_cli.targets.aws_ecs.place import Place

#: Questions without a right answer, one after the other, that are a fault and no mishap.
_FAULT = 2
_LONGEST_PAUSE_SECONDS = 2.0


def watch(place: Place, release: str, seconds: float) -> None:
    """Ask the public address for ``seconds`` who answers; only the release may.

    Raises:
        DeployError: somebody else does, or nobody, twice running.
    """
    wrong: list[str] = []
    for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
        found = answering.ask(place)
        is_right = found.is_other or found.release == release
        wrong = [] if is_right else [*wrong, found.release or "no answer"]
        if len(wrong) >= _FAULT:
            raise DeployError(
                f"{place.public_address} does not answer as it should while it is watched.",
                evidence=f"Expected {release}; it answered: {', '.join(wrong)}.",
            )
