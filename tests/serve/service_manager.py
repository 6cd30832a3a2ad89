"""Starts servers as systemd does: with its listening socket, and an ear for what they say."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.serve.served import clean_environment

SECONDS = 30
#: Does what systemd does between fork and exec.
_EXEC = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-P", "-m", *sys.argv[2:]])
"""


class ServiceManager:
    """Holds a listening Unix socket in a folder for one server after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "api.sock"
        self._folder = folder
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self._listening.listen(128)
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(folder / "notify.sock"))
        self._ear.settimeout(SECONDS)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, module: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a server. What it says is read by `told`, what it logs is in ``output.log``."""
        environment = {
            **clean_environment(),
            "LISTEN_FDS": "1",
            "NOTIFY_SOCKET": str(self._folder / "notify.sock"),
            **variables,
        }
        words = [sys.executable, "-c", _EXEC, str(self._listening.fileno()), module]
        with (self._folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                words,
                env=environment,
                pass_fds=[self._listening.fileno()],
                stdout=output,
                stderr=output,
            )
        self.processes.append(process)
        return process

    def told(self, seconds: float = SECONDS) -> str:
        """Return the next that a server says, or "" when it says nothing for so long."""
        self._ear.settimeout(seconds)
        try:
            return self._ear.recv(4096).decode()
        except TimeoutError:
            return ""

    def told_until(self, word: str) -> list[str]:
        """Return what servers say, up to a message that holds ``word``."""
        said: list[str] = []
        while not said or word not in said[-1]:
            said.append(self.told())
            assert said[-1], said
        return said

    def client(self) -> httpx2.Client:
        """Return a client of the socket."""
        transport = httpx2.HTTPTransport(uds=str(self.path))
        return httpx2.Client(transport=transport, base_url="http://api", timeout=SECONDS)

    def output(self) -> str:
        """Return what all servers wrote."""
        return (self._folder / "output.log").read_text()

    def close(self) -> None:
        """End all."""
        for process in self.processes:
            process.kill()
            process.wait()
        self._listening.close()
        self._ear.close()
