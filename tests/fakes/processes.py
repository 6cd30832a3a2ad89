"""Real processes of our served API, shared by all that want one with the same environment."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: Processes that nobody uses and that are kept nevertheless, for the next test.
KEPT = 6


@dataclass(frozen=True)
class Files:
    """The files of an image. Those of one name are the same; ``write`` puts them into a folder."""

    name: str
    write: Callable[[Path], object] = field(compare=False)


@dataclass
class Process:
    """One running API. It is there before it answers: connections wait in its socket."""

    folder: Path
    port: int
    popen: "subprocess.Popen[bytes]"
    users: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "output.log").read_text(errors="replace")

    def end(self) -> None:
        """End it at once; nobody uses it."""
        self.popen.kill()
        self.popen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Processes:
    """All of them, by their environments; the least recently used are at the front."""

    _found: dict[str, Process] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, environment: Mapping[str, str], files: Files | None = None) -> Process:
        """Return a process with this environment, in a folder with these files.

        Give it back when it is not used any more.
        """
        key = json.dumps([dict(environment), files.name if files else None], sort_keys=True)
        with self._lock:
            process = self._found.pop(key, None)
            if process is None or not process.is_running:
                process = _start(environment, files)
            self._found[key] = process
            process.users += 1
            return process

    def give_back(self, process: Process) -> None:
        """Say that a user has no use for it any more."""
        with self._lock:
            process.users -= 1
            unused = [one for one in self._found.items() if one[1].users <= 0]
            for key, one in unused[:-KEPT]:
                del self._found[key]
                one.end()

    def close(self) -> None:
        """End them all."""
        with self._lock:
            for process in self._found.values():
                process.end()
            self._found.clear()


def _start(environment: Mapping[str, str], files: Files | None) -> Process:
    folder = Path(tempfile.mkdtemp(prefix="llmops-container-"))
    (folder / "app").mkdir()
    if files is not None:
        files.write(folder / "app")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LLMOPS_")}
    with (
        contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listening,
        (folder / "output.log").open("wb") as output,
    ):
        port = listening.getsockname()[1]
        own = {
            "LLMOPS_DATA_DIR": str(folder / "data"),
            "LLMOPS_LISTEN_FD": str(listening.fileno()),
            # A client that keeps its connections must not hold up the end of a test.
            "LLMOPS_DRAIN_IDLE_SECONDS": "0.05",
            # Many tests share a process, and each asks it with wrong credentials.
            "LLMOPS_FAILED_AUTH_LIMIT": "0",
        }
        (folder / "data").mkdir()
        popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "llmops_cli.serve"],
            cwd=folder / "app",
            env={**clean, **environment, **own},
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Process(folder, port, popen)
