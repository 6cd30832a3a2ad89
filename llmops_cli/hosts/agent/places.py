"""Where things are on the host; the same as `hosts.layout` says, as paths."""

import re
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.agent.trouble import RefusedError

_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}")
_SECRET = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
_VERSION = re.compile(r"[1-9][0-9]{0,19}")


@dataclass(frozen=True)
class Places:
    """The paths of one service below ``base``, which is another folder in tests."""

    app: str
    base: Path = Path("/")

    @property
    def root(self) -> Path:
        """The folder of releases and records."""
        return self.base / "opt" / self.app

    @property
    def releases(self) -> Path:
        """The folder of releases."""
        return self.root / "releases"

    @property
    def objects(self) -> Path:
        """Files of releases by what they hold."""
        return self.root / "objects"

    @property
    def environments(self) -> Path:
        """Installed packages by what they were installed from."""
        return self.root / "environments"

    @property
    def secrets(self) -> Path:
        """The folder of secret values."""
        return self.root / "secrets"

    @property
    def current(self) -> Path:
        """The link to the release that serves."""
        return self.root / "current"

    @property
    def pending(self) -> Path:
        """The promotion that is not settled."""
        return self.root / "pending.json"

    @property
    def names(self) -> Path:
        """Names given to releases."""
        return self.root / "names.json"

    @property
    def history(self) -> Path:
        """What was done, one line an event."""
        return self.root / "history.jsonl"

    @property
    def lock(self) -> Path:
        """The file that is locked while something is deployed."""
        return self.root / "lock"

    @property
    def agent(self) -> Path:
        """The agent that is kept."""
        return self.root / "agent.pyz"

    @property
    def made(self) -> Path:
        """What the bootstrap made."""
        return self.root / "made.json"

    @property
    def run(self) -> Path:
        """The folder of sockets of this boot, for doors that are opened."""
        return self.base / "run"

    @property
    def unit_files(self) -> Path:
        """The folder of systemd's units."""
        return self.base / "etc" / "systemd" / "system"

    @property
    def site(self) -> Path:
        """The site of nginx."""
        return self.base / "etc" / "nginx" / "conf.d" / f"{self.app}.conf"

    @property
    def engine_socket(self) -> Path:
        """The socket of the Docker engine."""
        return self.base / "run" / "docker.sock"

    @property
    def boot_unit(self) -> str:
        """The unit that starts what is current."""
        return f"{self.app}.service"

    def release(self, release: str) -> Path:
        """Return the folder of a release."""
        if not _RELEASE.fullmatch(release):
            raise RefusedError(f"{release!r} cannot be the name of a release.")
        return self.releases / release

    def socket(self, release: str) -> Path:
        """Return the socket of a release."""
        return self.run / self.app / f"{release}.sock"

    def unit(self, release: str, kind: str = "service") -> str:
        """Return the name of a unit of a release."""
        return f"{self.app}@{release}.{kind}"

    def unit_file(self, release: str, kind: str) -> Path:
        """Return the file of a unit of a release."""
        return self.unit_files / self.unit(release, kind)

    def secret(self, name: str, version: str) -> Path:
        """Return the file of a version of a secret."""
        if not _VERSION.fullmatch(version):
            raise RefusedError(f"{version!r} cannot be the version of a secret.")
        return self.secret_folder(name) / version

    def secret_folder(self, name: str) -> Path:
        """Return the folder of the versions of a secret."""
        if not _SECRET.fullmatch(name):
            raise RefusedError(f"{name!r} cannot be the name of a secret.")
        return self.secrets / name
