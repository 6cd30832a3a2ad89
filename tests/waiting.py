"""Waits for what comes about by itself, up to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

from llmops_cli.targets.local.channel import NoAnswerError

Found = TypeVar("Found")
SECONDS = 60


def eventually(what: Callable[[], Found]) -> Found:
    """Ask until the answer is true, and return it. No answer counts as false."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            found = what()
            if found:
                return found
        except (httpx2.HTTPError, NoAnswerError, OSError):
            pass
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
