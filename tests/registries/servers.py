"""Real registries on ports of their own: open, with a password file, with tokens, without room."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.project import free_port
from tests.registries.token_server import TokenServer
from tests.waiting import eventually

USER = "ci"
PASSWORD = "registry-sentinel+key/5d1c3b7a=~"
_QUIET = "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"


@dataclass
class RunningRegistry:
    """A registry that runs; ``host`` is as in an image's name."""

    port: int
    storage: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def tags(self, repository: str) -> list[str]:
        """The tags that are there, read from its storage."""
        folder = self.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def digest(self, repository: str, tag: str) -> str:
        """The digest that a tag stands for, read from its storage."""
        folder = self.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return (folder / tag / "current" / "link").read_text().strip()


@contextmanager
def running(
    folder: Path, *, auth: str = "", storage: Path | None = None, deletes: bool = False
) -> Iterator[RunningRegistry]:
    """Run a registry with lines of configuration for who may use it."""
    folder.mkdir(parents=True, exist_ok=True)
    registry = RunningRegistry(free_port(), storage or folder / "storage")
    registry.storage.mkdir(exist_ok=True)
    settings = folder / "registry.yml"
    settings.write_text(
        f"{_QUIET}storage: {{filesystem: {{rootdirectory: {registry.storage}}}, "
        f"delete: {{enabled: {str(deletes).lower()}}}}}\n"
        f"http: {{addr: '{registry.host}'}}\n{auth}"
    )
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", settings], stdout=log, stderr=log)
        try:
            eventually(lambda: httpx2.get(f"{registry.url}/v2/").status_code in (200, 401))
            yield registry
        finally:
            process.kill()
            process.wait()


@contextmanager
def with_password(folder: Path, password: str = PASSWORD) -> Iterator[RunningRegistry]:
    """Run a registry that knows one user, by a password file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "htpasswd"
    made = subprocess.run(
        ["htpasswd", "-niB", USER], input=password.encode(), capture_output=True, check=True
    )
    file.write_bytes(made.stdout)
    with running(folder, auth=f"auth: {{htpasswd: {{realm: test, path: {file}}}}}\n") as registry:
        yield registry


@contextmanager
def with_tokens(
    folder: Path, *, deletes: bool = False
) -> Iterator[tuple[RunningRegistry, TokenServer]]:
    """Run a registry that believes the tokens of a server beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    with TokenServer(users={USER: PASSWORD}) as tokens:
        bundle = folder / "authority.pem"
        bundle.write_bytes(tokens.certificate)
        auth = (
            f"auth: {{token: {{realm: '{tokens.url}/token', service: test-registry, "
            f"issuer: test-issuer, rootcertbundle: {bundle}}}}}\n"
        )
        with running(folder, auth=auth, deletes=deletes) as registry:
            yield registry, tokens


@contextmanager
def without_room(folder: Path, kibibytes: int) -> Iterator[RunningRegistry]:
    """Run a registry whose disk is that small. Needs the right to mount."""
    storage = folder / "small"
    storage.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(storage)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        with running(folder, storage=storage) as registry:
            yield registry
    finally:
        subprocess.run(["umount", str(storage)], check=True)


def may_mount(folder: Path) -> bool:
    """Whether this process may mount something."""
    probe = folder / "probe"
    probe.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(probe)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return False
    subprocess.run(["umount", str(probe)], check=True)
    return True
