"""Servers for tests, and how ssh reaches them: a key and pinned host keys of their own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines import holds
from tests.hosts import snapshot
from tests.hosts.host_project import HostProject, make_host_project
from tests.hosts.machine import BARE, IMAGE, Machine, boot
from tests.project import API_KEY

__all__ = ["Fleet", "Machine", "machines", "needs_bare_host", "needs_hosts"]

needs_hosts = pytest.mark.skipif(
    not holds(IMAGE) or shutil.which("ssh") is None,
    reason=f"needs ssh and a Docker engine that holds {IMAGE}",
)
needs_bare_host = pytest.mark.skipif(
    not holds(BARE) or shutil.which("ssh") is None,
    reason=f"needs ssh and a Docker engine that holds {BARE}",
)


@dataclass(frozen=True)
class Fleet:
    """Servers that ssh knows as host1, host2, …, by the configuration ``ssh_config``."""

    machines: Sequence[Machine]
    ssh_config: Path
    is_bootstrapped: bool = False

    @property
    def names(self) -> list[str]:
        """What ssh calls them."""
        return [f"host{number}" for number in range(1, len(self.machines) + 1)]

    def project(self, root: Path, *, target: str = "", api: str = "", top: str = "") -> HostProject:
        """Write a project that deploys to all of them; its address is the first one's."""
        made = make_host_project(
            root, self.machines, self.ssh_config, target=target, api=api, top=top
        )
        if self.is_bootstrapped:
            # The site says which port of this machine leads to it.
            made.ok("infra", "apply", "--yes")
        return made


@contextmanager
def machines(
    folder: Path, count: int = 1, *, bootstrapped: bool = False, bare: bool = False
) -> Iterator[Fleet]:
    """Run servers for as long as the context lasts; ``folder`` is for their keys.

    Those that are ``bootstrapped`` have the key `API_KEY`, and serve a release of a project like
    that of `Fleet.project`; ``bare`` ones have nothing that their provider did not give them.
    """
    image = _bootstrapped() if bootstrapped else BARE if bare else IMAGE
    with ExitStack() as running:
        made: list[Machine] = []
        folder.mkdir(parents=True, exist_ok=True)
        _new_key(folder / "login")
        for number in range(1, count + 1):
            own = folder / f"host{number}"
            own.mkdir()
            _new_key(own / "host_key")
            shutil.copy(folder / "login.pub", own / "authorized_keys")
            machine = boot(own.resolve(), image, label=snapshot.run_label())
            running.callback(machine.close)
            made.append(machine)
        for machine in made:
            machine.wait()
        yield Fleet(made, _ssh_config(folder, made), bootstrapped)


def _bootstrapped() -> str:
    """Return the image of a server that serves; the first who asks in a test run makes it."""
    with snapshot.alone():
        if not snapshot.exists(snapshot.image()):
            snapshot.forget_the_dead()
            with (
                tempfile.TemporaryDirectory(prefix="llmops-test-hosts-") as folder,
                machines(Path(folder)) as fleet,
            ):
                project = fleet.project(Path(folder) / "chat")
                project.ok("infra", "apply", "--yes")
                project.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
                project.ok("deploy")
                snapshot.keep(fleet.machines[0].name)
    return snapshot.image()


def _new_key(file: Path) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(file)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def _ssh_config(folder: Path, made: Sequence[Machine]) -> Path:
    known, blocks = [], []
    for number, machine in enumerate(made, 1):
        key = (folder / f"host{number}" / "host_key.pub").read_text().strip()
        known.append(f"host{number} {key}\n")
        blocks.append(
            f"Host host{number}\n  HostName 127.0.0.1\n  Port {machine.ssh_port}\n"
            f"  HostKeyAlias host{number}\n"
        )
    (folder / "known_hosts").write_text("".join(known))
    file = folder / "ssh_config"
    file.write_text(
        "".join(blocks) + f"Host *\n  User deploy\n  IdentityFile {folder}/login\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n"
        "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n"
    )
    return file
