"""Who runs llmops: for the lock, and for the history."""

import getpass
import os
import platform
from datetime import UTC, datetime

from llmops_cli.core.target import Holder


def holder(command: str) -> Holder:
    """Describe this run to whoever finds the lock taken."""
    return Holder(
        owner=name(),
        command=command,
        since=datetime.now(UTC),
        process=os.getpid(),
        host=platform.node(),
    )


def name() -> str:
    """Return the operator's name: the workflow's actor in CI, else the user of this machine."""
    actor = os.environ.get("GITHUB_ACTOR")
    if actor:
        return actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
