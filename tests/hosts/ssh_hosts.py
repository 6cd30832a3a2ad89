"""Hosts that are folders of this machine: a real sshd and agent, and a systemd that obliges."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.shipping import Package
from llmops_cli.hosts.ssh import Ssh
from tests.project import free_port
from tests.ssh_server import ssh_server

APP = "demo"
#: The agent of this repository, with a folder for each host in the place of its disk.
_AGENT = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
print("Welcome to this host!", flush=True)
print('{{"hello": "llmops", "agent": "kept"}}', flush=True)
from llmops_cli.hosts.agent.conversation import Agent, converse
from llmops_cli.hosts.agent.link import Link
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Unit
from llmops_cli.hosts.agent.verbs import VERBS
class Obliging:
    def read(self, *names):
        return [Unit(name, active="active") for name in names if "*" not in name]
    def __getattr__(self, name):
        return lambda *words: None
base = Path({base!r}) / os.environ["LLMOPS_TEST_HOST"]
link = Link(0, 1)
link.end_on_signals()
converse(Agent(Places({app!r}, base), Obliging(), link), VERBS)
"""


@dataclass(frozen=True)
class SshHosts:
    """What ssh knows: ``host1``, ``host2`` and so on, and ``down``, where nothing listens."""

    folder: Path
    port: int

    def disk(self, host: str) -> Path:
        """The folder that a host takes for ``/opt/APP``."""
        return self.folder / "disks" / host / "opt" / APP

    def hosts(self, names: Sequence[str], *, may_fail: int = 0, agent: str = "") -> Hosts:
        """Return hosts of these names, or of more that are prepared now."""
        for name in names:
            self.disk(name).joinpath("releases").mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).parents[2])
        text = agent or _AGENT.format(root=root, base=str(self.folder / "disks"), app=APP)
        return Hosts(
            names,
            HostLayout(APP),
            may_fail,
            Ssh(config=self.folder / "config"),
            sys.executable,
            make_package=lambda: Package(b"", text),
        )


@contextmanager
def ssh_hosts(lines: str = "") -> Iterator[SshHosts]:
    """Run an sshd with more ``lines`` in its settings for as long as the context lasts."""
    # A socket's path may not be long.
    with (
        tempfile.TemporaryDirectory(prefix="llmops-") as name,
        ssh_server(Path(name), f"AcceptEnv LLMOPS_TEST_*\n{lines}") as (port, _environment),
    ):
        folder = Path(name)
        blocks = [
            f"Host host{number}\n  Port {port}\n  SetEnv LLMOPS_TEST_HOST=host{number}\n"
            for number in range(1, 4)
        ]
        blocks.append(f"Host down\n  Port {free_port()}\n")
        known = folder / "ssh" / "known_hosts"
        known.write_text("demo " + known.read_text().split(" ", 1)[1])
        (folder / "config").write_text(
            "".join(blocks) + f"Host *\n  HostName 127.0.0.1\n  HostKeyAlias demo\n"
            f"  IdentityFile {folder}/ssh/login\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {known}\n  GlobalKnownHostsFile /dev/null\n"
        )
        yield SshHosts(folder, port)


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
