"""Programs on a core of their own: the server on the first, all that loads it on the second."""

import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.project import free_port

SERVER_CORE, LOAD_CORE = 0, 1
_SECONDS_TO_START = 120


@contextmanager
def running(
    command: Sequence[str],
    *,
    core: int,
    folder: Path,
    ready: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server on one core until the context ends; its output goes to a file in ``folder``.

    ``ready`` is an address that answers once it has started.
    """
    with (folder / f"{Path(command[0]).name}-{free_port()}.log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(ready, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} does not answer at {address}")


def cpu_seconds(process: "subprocess.Popen[bytes]") -> float:
    """Return the processor time that a process has taken, its threads included."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: "subprocess.Popen[bytes]") -> int:
    """Return the bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def missing(*programs: str) -> str:
    """Say which programs are not installed, or "" when all are, and two cores besides."""
    lacking = [program for program in programs if shutil.which(program) is None]
    if lacking:
        return f"skipped: not installed: {', '.join(lacking)}"
    return "" if (os.cpu_count() or 1) > LOAD_CORE else "skipped: needs two cores"
