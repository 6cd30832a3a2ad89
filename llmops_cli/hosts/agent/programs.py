"""Programs that a verb runs: their words are told, and they end when who asked is gone."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.hosts.agent.link import Link

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    status: int
    output: str


def run_while_connected(
    link: Link,
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    heard: Callable[[str], None] | None = None,
) -> Ended:
    """Run a program; its whole group is ended where the connection is lost.

    Raises:
        LostError: it was lost.
    """
    process = subprocess.Popen(
        [*_dying_with_us(), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PATH": _PATH, **(environment or {})},
        start_new_session=True,
    )
    assert process.stdout is not None
    lines = []
    with process, link.ended_by_loss(lambda: _end(process)):
        try:
            for line in process.stdout:
                lines.append(line)
                if heard:
                    heard(line.rstrip())
        except BaseException:
            _end(process)
            raise
    link.check()
    return Ended(process.returncode, "".join(lines))


def _dying_with_us() -> list[str]:
    """Return what makes a program end with the agent, also where that is killed outright."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv", path=_PATH) else []


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
