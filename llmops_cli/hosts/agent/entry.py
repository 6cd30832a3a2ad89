"""Where the agent begins: at a login of ours, or at the boot and the halt of the host."""

import os
import sys
from collections.abc import Sequence

from llmops_cli.hosts.agent import boot
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.conversation import converse as answer
from llmops_cli.hosts.agent.link import Link
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Systemd
from llmops_cli.hosts.agent.trouble import RefusedError
from llmops_cli.hosts.agent.verbs import VERBS

_USAGE = "usage: agent.pyz boot|halt APP"


def converse(app: str, archive: bytes) -> None:
    """Answer what comes over standard input until it ends. ``archive`` is this agent itself."""
    os.umask(0o022)
    os.chdir("/")
    link = Link(0, 1)
    link.end_on_signals()
    answer(Agent(Places(app), Systemd(), link, archive), VERBS)


def main(words: Sequence[str] | None = None) -> None:
    """Do what a unit of systemd asks for: bring up what is current, or take it down."""
    os.umask(0o022)
    given = sys.argv[1:] if words is None else words
    actions = {"boot": boot.boot, "halt": boot.halt}
    if len(given) != 2 or given[0] not in actions:
        sys.exit(_USAGE)
    try:
        for line in actions[given[0]](Places(given[1]), Systemd()):
            sys.stdout.write(line + "\n")
    except (RefusedError, OSError) as error:
        evidence = error.evidence if isinstance(error, RefusedError) else ""
        sys.exit("\n".join(filter(None, (str(error), evidence))))
