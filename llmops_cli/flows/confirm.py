"""Success is an answer: the public address must name the new release, again and again."""

import time

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.carrier import Carrier
from llmops_cli.errors import DeployError

#: Seconds in which the public address must come to answer with the new release alone.
CONFIRM_SECONDS = 30.0
_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 5.0


def confirm(
    url: str,
    release: str,
    wanted: int,
    seconds: float = CONFIRM_SECONDS,
    *,
    trusted: str = "",
    carrier: Carrier | None = None,
) -> None:
    """Ask an address, over new connections, until ``wanted`` answers in a row name the release.

    ``trusted`` holds certificates (PEM) to trust besides the system's; ``carrier`` brings the
    questions to where the address is not one of plain HTTP.

    Raises:
        DeployError: that did not happen within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    in_a_row, last = 0, "no answer"
    with open_client(url, _ANSWER_SECONDS, trusted, carrier) as client:
        while in_a_row < wanted:
            answered = read_release(client)
            in_a_row = in_a_row + 1 if answered == release else 0
            if answered == release:
                continue
            last = answered or "no answer"
            if time.monotonic() > deadline:
                raise DeployError(
                    f"{url} does not answer with {release} alone.",
                    evidence=f"After {seconds:g} s it still answered: {last}",
                )
            time.sleep(_POLL_SECONDS)
