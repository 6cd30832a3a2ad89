"""Runs commands as `forking` does: the test's side of it."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: Where forking with the libraries that are loaded is safe.
IS_POSSIBLE = sys.platform == "linux"
SECONDS = 90
#: What the interpreter and the loader read when they start, which forks do not.
_READ_AT_START = ("PYTHON", "LD_", "COVERAGE")


@dataclass
class Run:
    """How a command line ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Everything it wrote."""
        return self.out + self.err


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a fork is as good as a process that starts with this environment."""
    return IS_POSSIBLE and _of_start(environment) == _of_start(os.environ)


@cache
def shared() -> "Commands":
    """What forks for all the tests of this process."""
    made = Commands()
    atexit.register(made.close)
    return made


def _of_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(_READ_AT_START)}


class Commands:
    """A process that forks for every command; started when the first one is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, input: str = ""
    ) -> Run:
        """Run one command to its end."""
        message = {"arguments": list(arguments), "environment": dict(environment)}
        message["folder"] = str(Path.cwd())
        with (
            tempfile.TemporaryFile("w+") as stdin,
            tempfile.TemporaryFile("w+") as stdout,
            tempfile.TemporaryFile("w+") as stderr,
        ):
            stdin.write(input)
            stdin.seek(0)
            tells, tell = os.pipe()
            with os.fdopen(tells, "rb", buffering=0) as told:
                files = [stdin.fileno(), stdout.fileno(), stderr.fileno(), tell]
                with self._lock:
                    socket.send_fds(self._started(), [json.dumps(message).encode()], files)
                os.close(tell)
                status = _waited(told.fileno())
            stdout.seek(0)
            stderr.seek(0)
            return Run(status, stdout.read(), stderr.read())

    def close(self) -> None:
        """Let nobody fork any more."""
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.wait()

    def _started(self) -> socket.socket:
        if self._control is None:
            # A message each, however long: of a stream, two could come as one.
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                )
        return self._control


def _waited(told: int) -> int:
    """Return the status of a command; one that was killed says nothing."""
    deadline = time.monotonic() + SECONDS
    text = b""
    while True:
        readable, _, _ = select.select([told], [], [], max(0, deadline - time.monotonic()))
        part = os.read(told, 64) if readable else b""
        text += part
        if not part:
            break
    lines = text.decode().split()
    if not readable and lines:
        with suppress(ProcessLookupError):
            os.kill(int(lines[0]), signal.SIGKILL)
        raise TimeoutError(f"the command takes longer than {SECONDS} s")
    return int(lines[1]) if len(lines) > 1 else -signal.SIGKILL
