"""Puts a release on a server by hand, so that its units can be tried without anything else."""

import base64
import io
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmops_cli.config.host_target import HostTarget
from llmops_cli.contents.requirements import locked
from llmops_cli.contents.served_code import put_served_code
from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.units import boot_unit, release_units
from tests.hosts.machine import Machine

APP = "placed"
LAYOUT = HostLayout(APP)


@dataclass(frozen=True)
class Placed:
    """A release on a server, whose units systemd knows."""

    machine: Machine
    release: Release

    @property
    def service(self) -> str:
        return LAYOUT.unit(self.release.id)

    def systemctl(self, *words: str, check: bool = True) -> str:
        return self.machine.run("systemctl", *words, check=check)

    def begin(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.systemctl("start", LAYOUT.boot_unit, self.service, check=False)
        assert self.shows("ActiveState") == "active", self.journal()

    def shows(self, name: str) -> str:
        """Return a property of the service."""
        return self.systemctl("show", "--property", name, "--value", self.service).strip()

    def override(self, *lines: str, unit: str = "") -> None:
        """Have other directives in the service, or another one, than those of its file."""
        folder = f"/etc/systemd/system/{unit or self.service}.d"
        self.machine.run("mkdir", "-p", folder)
        text = "\n".join(("[Service]", *lines, ""))
        self.machine.run("tee", f"{folder}/override.conf", input=text)
        self.systemctl("daemon-reload")

    def journal(self) -> str:
        """Return what the service, and systemd of it, wrote."""
        self.machine.run("journalctl", "--sync")
        return self.machine.run("journalctl", "--no-pager", "--output=cat", "-u", self.service)

    def connections(self) -> int:
        """Return how many connections to the socket are open."""
        found = self.machine.run("ss", "--no-header", "--unix", "state", "connected")
        return found.count(LAYOUT.socket(self.release.id))

    def ask(self, path: str, *words: str, check: bool = True) -> str:
        """Ask at the socket, as nginx does."""
        socket = LAYOUT.socket(self.release.id)
        curl = ("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60")
        return self.machine.run(
            *curl, "--unix-socket", socket, *words, f"http://api{path}", check=check
        )


def place(
    machine: Machine,
    name: str,
    files: Path,
    *,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    target: Mapping[str, object],
) -> Placed:
    """Put a release of the project in ``files`` on a server, and start it.

    The packages of all releases are those of `prepare`.
    """
    release = Release(name, "c" * 40, "t" * 40, datetime.now(UTC), "Placed", settings)
    root = LAYOUT.release(name)
    machine.run("mkdir", "-p", f"{root}/app", f"{root}/code")
    send(machine, files, f"{root}/app")
    machine.run("ln", "-sfn", root, LAYOUT.current)
    code = files.parent / f"{name}-code"
    put_served_code(code)
    send(machine, code, f"{root}/code")
    shutil.rmtree(code)
    machine.run("cp", "-al", f"{LAYOUT.root}/venv", f"{root}/venv")
    machine.run("python3", "-m", "compileall", "-q", f"{root}/code")
    for secret, value in secrets.items():
        file = LAYOUT.secret(secret, "1")
        machine.run("install", "-D", "-m", "600", "/dev/stdin", file, input=value)
    settings = HostTarget.model_validate({"hosts": ["h"], "server_name": "a.example", **target})
    texts = release_units(
        LAYOUT,
        settings,
        release,
        dict.fromkeys(secrets, "1"),
        facts(machine),
    )
    for kind, text in texts.items():
        machine.run("tee", f"/etc/systemd/system/{LAYOUT.unit(name, kind)}", input=text)
    machine.run("tee", f"/etc/systemd/system/{LAYOUT.boot_unit}", input=boot_unit(LAYOUT, settings))
    made = Placed(machine, release)
    # There is no agent here; it would begin what is current.
    made.override("ExecStart=", "ExecStart=true", "ExecStop=", unit=LAYOUT.boot_unit)
    return made


def prepare(machine: Machine, extras: Iterable[str]) -> None:
    """Make the user, and install the packages that releases get."""
    if "libgomp.so.1" not in machine.run("ldconfig", "-p"):
        # What the engine is linked with, and Python's packages do not bring.
        machine.run(
            "sh",
            "-ec",
            "apt-get update -qq; apt-get install -qq -o DPkg::Lock::Timeout=60 libgomp1 >/dev/null",
        )
    machine.run("useradd", "--system", "--user-group", "--no-create-home", APP)
    machine.run("mkdir", "-p", LAYOUT.root)
    machine.run("tee", f"{LAYOUT.root}/locked.txt", input=locked(extras))
    machine.run("python3", "-m", "venv", "--without-pip", f"{LAYOUT.root}/venv")
    words = ("--require-hashes", "--only-binary", ":all:", "--no-deps", "--progress-bar", "off")
    python = f"{LAYOUT.root}/venv/bin/python"
    machine.run(
        *("python3", "-m", "pip", "--python", python, "install", "--quiet"),
        *(*words, "--requirement", f"{LAYOUT.root}/locked.txt"),
    )


def send(machine: Machine, folder: Path, there: str) -> None:
    """Copy what is in a folder to one of a server."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder, ".")
    unpack = f"base64 -d | tar -xz --no-same-owner -C {there}"
    machine.run("sh", "-c", unpack, input=base64.b64encode(packed.getvalue()).decode())
    machine.run("chmod", "-R", "a+rX", there)


def facts(machine: Machine) -> HostFacts:
    """Return what decides what the units are like."""
    words = machine.run("systemctl", "--version").split()
    return HostFacts("host1", systemd=(int(words[1]),), nginx_group="www-data")
