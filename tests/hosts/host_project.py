"""A project whose releases run on servers for tests."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2

from tests.hosts.machine import Machine
from tests.project import Project

APP = "demo"
#: Prints the releases that run; more than one word where a deploy is not over.
_AT_REST = f"""
units=$(systemctl list-units --plain --no-legend '{APP}@*.service' \\
  --state=active,activating,deactivating,reloading | awk '{{print $1}}')
for unit in $units; do unit=${{unit#{APP}@}}; unit=${{unit%.service}}; echo "${{unit%:2}}"; done
[ -e /opt/{APP}/pending.json ] && echo pending
flock --nonblock /opt/{APP}/lock true || echo locked
"""


@dataclass
class HostProject(Project):
    """A project with one target, `host`. Its address is that of the first of its servers."""

    machines: Sequence[Machine] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def state(self) -> Path:
        """A folder for what a test writes; the target itself keeps nothing on this machine."""
        return self.root / ".scratch"

    @property
    def trust(self) -> ssl.SSLContext:
        """What trusts the certificate that the first server has, and no other."""
        pem = self.machines[0].run("cat", f"/opt/{APP}/tls/certificate.pem")
        return ssl.create_default_context(cadata=pem)

    def client(self, **more: Any) -> httpx2.Client:
        """Return a client of the address that checks its certificate."""
        return httpx2.Client(base_url=self.url, verify=self.trust, timeout=30, **more)

    def serving(self) -> str:
        """The release id that the public address answers with."""
        with self.client() as client:
            return client.get("/version").raise_for_status().json()["release"]

    def on_hosts(self) -> list[str]:
        """The release that is current on each server."""
        return [m.run("readlink", f"/opt/{APP}/current").strip()[-12:] for m in self.machines]

    def unit(self) -> str:
        """The unit that serves on the first server: a release may have two, one of which ends."""
        socket = self.machines[0].run("readlink", f"/opt/{APP}/current/socket").strip()
        return f"{APP}@{PurePosixPath(socket).stem}.service"

    def at_rest(self) -> list[str]:
        """The one release that runs on each server; none where anything is under way there."""
        found = [m.run("sh", "-c", _AT_REST, check=False).split() for m in self.machines]
        return [words[0] if len(words) == 1 else "" for words in found]

    def rests_at(self, release: str) -> bool:
        """Whether a release, and nothing else, runs everywhere, and nothing is under way."""
        return self.at_rest() == [release] * len(self.machines)

    def close(self) -> None:
        """Nothing of it is on this machine; the servers end with their context."""


def make_host_project(
    root: Path, machines: Sequence[Machine], ssh_config: Path, *, target: str, api: str, top: str
) -> HostProject:
    """Write a project that deploys to servers as it is; no secret is set, nothing is made."""
    root.mkdir(parents=True, exist_ok=True)
    project = HostProject(root, machines[0].https_port, machines=machines)
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    hosts = ", ".join(f'"host{number}"' for number in range(1, len(machines) + 1))
    project.write(
        "llmops.toml",
        f'name = "{APP}"\n{top}\n[api]\nsystem_prompt = "prompts/system.md"\n{api}\n'
        f"[checks]\nconfirmations = 3\n[targets.host]\nhosts = [{hosts}]\n"
        f'ssh_config = "ssh_config"\nserver_name = "localhost"\n'
        # Load comes from one address.
        f'public_url = "{project.url}"\nrequests_per_minute = 0\n{target}\n',
    )
    project.write(".gitignore", ".scratch/\nssh_config\n")
    project.write("ssh_config", ssh_config.read_text())
    project.write("prompts/system.md", "You are brief.\n")
    project.state.mkdir()
    project.commit("First")
    return project
