"""Takes a target's lock, and waits for it where that is wanted."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from llmops_cli.core.target import Target
from llmops_cli.errors import LockedError
from llmops_cli.flows import operator

_POLL_SECONDS = 0.5


@contextmanager
def locked(target: Target, command: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a target; where somebody else does, try again for ``wait`` seconds.

    Raises:
        LockedError: it is held still; the error says by whom, since when, and doing what.
    """
    with ExitStack() as stack:
        deadline = time.monotonic() + wait
        while not _taken(stack, target, command, is_last=time.monotonic() >= deadline):
            time.sleep(_POLL_SECONDS)
        yield


def _taken(stack: ExitStack, target: Target, command: str, *, is_last: bool) -> bool:
    try:
        stack.enter_context(target.lock(operator.holder(command)))
    except LockedError:
        if is_last:
            raise
        return False
    return True
