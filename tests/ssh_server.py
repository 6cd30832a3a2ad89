"""A real sshd on a port of its own, with a host key and a login of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.project import free_port
from tests.waiting import eventually

_SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
needs_ssh = pytest.mark.skipif(
    not Path(_SSHD).exists() or shutil.which("ssh") is None or os.geteuid() != 0,
    reason="needs sshd and ssh, and to be root",
)


@contextmanager
def ssh_server(folder: Path, lines: str = "") -> Iterator[tuple[int, dict[str, str]]]:
    """Run one; yield its port, and the environment in which ``ssh`` knows it and its login.

    ``lines`` are added to its configuration.

    Its host key is pinned: a client that asked for none of this would be refused.
    """
    port, folder = free_port(), folder / "ssh"
    (folder / "bin").mkdir(parents=True)
    # A socket's path may not be long.
    sockets = tempfile.mkdtemp(prefix="llmops-ssh-")
    for name in ("host", "login"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile {folder}/pid\n"
        f"AuthorizedKeysFile {folder}/login.pub\nPasswordAuthentication no\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nUsePAM no\nMaxStartups 100\nMaxSessions 100\n"
        f"SetEnv PATH={os.environ['PATH']}\n{lines}\n"
    )
    key = (folder / "host.pub").read_text().strip()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}\n")
    (folder / "config").write_text(
        f"IdentityFile {folder}/login\nIdentitiesOnly yes\nStrictHostKeyChecking yes\n"
        f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile /dev/null\n"
        # As Docker's documentation asks for: one login for all that a deploy asks the engine.
        f"ControlMaster auto\nControlPath {sockets}/%C\nControlPersist 20\n"
    )
    wrapper = folder / "bin" / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
    wrapper.chmod(0o755)
    Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [_SSHD, "-D", "-e", "-f", str(folder / "sshd_config")],
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        eventually(lambda: _answers(port))
        yield port, {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    finally:
        for control in Path(sockets).iterdir():
            closing = [str(wrapper), "-S", str(control), "-O", "exit", "127.0.0.1"]
            subprocess.run(closing, check=False, capture_output=True)
        server.terminate()
        server.wait()
        shutil.rmtree(sockets, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        return connection.recv(4) == b"SSH-"
