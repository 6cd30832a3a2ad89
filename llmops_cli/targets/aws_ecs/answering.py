"""Who answers at an address of the service."""

from dataclasses import dataclass

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, read_release
from llmops_cli.core.check import Verdict
from llmops_cli.targets.aws_ecs.place import Place

_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """The release that answers, if it says so; ``is_other`` where an image of others that does not
    is ready. A load balancer without tasks answers too, and is neither.
    """

    release: str | None = None
    is_other: bool = False

    @property
    def is_one(self) -> bool:
        """Whether anybody serves."""
        return self.release is not None or self.is_other


def ask(place: Place) -> Answer:
    """Ask the public address."""
    if not place.public_address:
        return Answer()
    with open_client(place.public_address, _SECONDS) as client:
        release = read_release(client)
        if release is not None or place.is_ours:
            return Answer(release)
        return Answer(None, is_other=ask_ready(client).verdict is Verdict.PASSED)
