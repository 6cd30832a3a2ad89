"""One server for tests: a container with systemd as its first process, and sshd."""

import json
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.project import free_port

#: As `.ci/engine` makes them from the default base image: as a provider hands a server out, and
#: with what the bootstrap installs.
IMAGE = "llmops-test-host:1"
BARE = "llmops-test-host:bare"
SECONDS = 60
_SYSTEM = (
    # What systemd needs to be what it is on a machine; more is not given.
    *(
        "--cap-add",
        "SYS_ADMIN",
        "--cap-add",
        "SYS_PTRACE",
        "--security-opt",
        "seccomp=unconfined",
        "--cgroupns",
        "private",
    ),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec,mode=1777"),
    *("--stop-signal", "SIGRTMIN+3", "--restart", "always"),
)
_CUT = """
import os, pathlib, signal, sys
def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
def end(pid):
    # The innermost first: its connection is lost before anybody can say goodbye.
    for child in children(pid):
        if pathlib.Path(f"/proc/{child}/comm").read_text() == "sshd\\n":
            end(child)
            os.kill(int(child), signal.SIGKILL)
end(sys.argv[1])
"""


@dataclass
class Machine:
    """A server; the ports are published on 127.0.0.1 of this machine."""

    name: str
    ssh_port: int
    https_port: int
    http_port: int

    def run(self, *words: str, check: bool = True, input: str | None = None) -> str:
        """Run a program on it as root, and return what it writes to standard output."""
        return docker("exec", "-i", self.name, *words, check=check, input=input)

    def reboot(self, *, hard: bool = False) -> None:
        """Reboot it, or cut its power; return as soon as it answers again."""
        before = self._started()
        if hard:
            docker("kill", "--signal", "KILL", self.name)
            docker("start", self.name)
        else:
            self.run("systemctl", "reboot", check=False)
            _until(lambda: self._started() != before)
        self.wait()

    def stop(self) -> None:
        """Take its power; `start` gives it back."""
        docker("kill", "--signal", "KILL", self.name)

    def start(self) -> None:
        """Let it boot again; return as soon as it answers."""
        docker("start", self.name)
        self.wait()

    def cut(self) -> None:
        """End all connections of sshd at once, as a broken network does."""
        first = self.run("systemctl", "show", "--property", "MainPID", "--value", "ssh").strip()
        self.run("python3", "-c", _CUT, first)

    def wait(self) -> None:
        """Return as soon as all that it starts at boot is started, or has failed."""
        asking = ("systemctl", "is-system-running")
        _until(lambda: self.run(*asking, check=False).strip() in ("running", "degraded"))

    def close(self) -> None:
        """Remove it with all that is on it."""
        docker("rm", "--force", "--volumes", self.name, check=False)

    def _started(self) -> str:
        [found] = json.loads(docker("inspect", self.name))
        return f"{found['State']['StartedAt']} {found['State']['Running']}"


def boot(folder: Path, image: str, *, label: str) -> Machine:
    """Start a server that has the ``host_key`` and ``authorized_keys`` of a folder.

    It boots meanwhile; see `Machine.wait`.
    """
    for attempt in range(5):
        name = f"llmops-test-host-{secrets.token_hex(4)}"
        made = Machine(name, *(free_port() for _ in range(3)))
        published = {made.ssh_port: 22, made.https_port: 443, made.http_port: 80}
        words = [f"--publish=127.0.0.1:{here}:{there}" for here, there in published.items()]
        words += [f"--volume={folder}:/etc/llmops-test:ro", f"--label={label}"]
        try:
            docker("run", "--detach", "--name", name, "--hostname", name, *_SYSTEM, *words, image)
            break
        except subprocess.CalledProcessError as error:
            made.close()
            # Somebody else took a port between the look and the use.
            if attempt == 4 or "port is already allocated" not in str(error.stderr):
                raise AssertionError(error.stderr) from error
    return made


def docker(*words: str, check: bool = True, input: str | None = None) -> str:
    """Run the engine's own program, and return what it writes to standard output."""
    done = subprocess.run(
        ["docker", *words],
        input=input or "",
        capture_output=True,
        # Of a file that is no text, what is text in it.
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if check and done.returncode:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
    return done.stdout


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline, "the machine does not come up"
        time.sleep(0.05)
