"""Programs of the host that the bootstrap runs. They run to their end, whatever becomes of us.

A package manager that is killed half-way leaves a host that somebody has to mend by hand.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from llmops_cli.hosts.agent.trouble import RefusedError

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SECONDS = 120.0
_LINES = 12


def found(program: str) -> bool:
    """Whether the host has a program."""
    return shutil.which(program, path=_PATH) is not None


def ask(argv: Sequence[str], *, seconds: float | None = _SECONDS, **more: str) -> tuple[int, str]:
    """Run a program with ``more`` in its environment; return its status and all it wrote."""
    environment: Mapping[str, str] = {**os.environ, "PATH": _PATH, "LC_ALL": "C", **more}
    try:
        ended = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=seconds,
            check=False,
            start_new_session=True,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return ended.returncode, ended.stdout.decode(errors="replace")


def run(argv: Sequence[str], what: str, *, seconds: float | None = _SECONDS, **more: str) -> str:
    """Run a program that must succeed; return what it wrote.

    Raises:
        RefusedError: it did not; ``what`` says what could not be done.
    """
    status, output = ask(argv, seconds=seconds, **more)
    if status:
        raise RefusedError(what, why="failed", evidence=last_lines(output))
    return output


def last_lines(output: str) -> str:
    """Return the end of what a program wrote, which tells why it failed."""
    return "\n".join(output.strip().splitlines()[-_LINES:])
