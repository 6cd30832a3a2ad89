"""Starts and stops what a target has recorded as live."""

import time

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.plan import Observer, apply, ignore
from llmops_cli.core.release import State
from llmops_cli.core.target import Target, carrier_for, trusted_for
from llmops_cli.errors import DeployError, ReleaseNotFoundError
from llmops_cli.flows.locking import locked

_START_SECONDS = 60.0
_POLL_SECONDS = 0.05


def start(target: Target, observe: Observer = ignore) -> State:
    """Bring the recorded release into service again, and wait until its address answers.

    Raises:
        ReleaseNotFoundError: nothing has been deployed yet.
        DeployError: the release does not come up.
    """
    recorded = target.inspect().recorded
    if recorded is None:
        raise ReleaseNotFoundError("Nothing has been deployed yet.", next_step="llmops deploy")
    with locked(target, "llmops start"):
        apply(target.start(), observe)
        _wait_for(target, recorded.id)
        return target.inspect()


def stop(target: Target, grace: float | None = None, observe: Observer = ignore) -> State:
    """Stop serving. Releases, secrets and data stay; `start` goes on with them."""
    with locked(target, "llmops stop"):
        found = target.inspect()
        if found.live is None and not found.facts:
            return found
        apply(target.stop(grace), observe)
        return target.inspect()


def _wait_for(target: Target, release: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    address, trusted = target.inspect().address, trusted_for(target)
    with open_client(address, _POLL_SECONDS * 40, trusted, carrier_for(target)) as client:
        while read_release(client) != release:
            if time.monotonic() > deadline:
                raise DeployError(
                    f"{release} does not answer.",
                    evidence=f"{target.inspect().trouble} Waited {_START_SECONDS:g} s.",
                    state="Nothing is serving.",
                    next_step="llmops logs",
                )
            time.sleep(_POLL_SECONDS)
