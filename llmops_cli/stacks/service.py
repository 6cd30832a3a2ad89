"""A service that a profile runs beside the API: its image, its files, and what it needs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Where every container finds its configuration, its secrets and what it keeps.
CONFIG_FOLDER = "/etc/llmops"
SECRET_FOLDER = "/run/secrets"  # noqa: S105 - a folder


@dataclass(frozen=True)
class Service:
    """One long-running container.

    ``files`` maps paths below CONFIG_FOLDER to texts that hold no secret; ``secrets`` are the
    names whose values it reads, each from ``SECRET_FOLDER/NAME/value``. ``data`` is the folder
    that is kept in a volume, or nothing. ``start_seconds`` is how long it may take until it is
    healthy, a first download included. ``values`` is what only its own template knows.

    ``api_secrets`` and ``api_settings`` are what the API gets, to use the service.
    """

    name: str
    image: str
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    data: str = ""
    start_seconds: int = 60
    values: Mapping[str, object] = field(default_factory=dict)
    api_secrets: tuple[str, ...] = ()
    api_settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def files_version(self) -> str:
        """A name for exactly these files, 12 hex digits; nothing where there are none."""
        if not self.files:
            return ""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            digest.update(f"{path}\0{len(self.files[path])}\0{self.files[path]}".encode())
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Mount:
    """A volume in a container. One that is not of the stack's own making is external."""

    volume: str
    folder: str
    is_external: bool = True


def config_volume(stack: str, service: Service) -> str:
    """Return the volume that holds a service's files: another one when a file changes."""
    return f"{stack}_config_{service.name}_{service.files_version}"


def secret_volume(stack: str, name: str, version: str) -> str:
    """Return the volume that holds one version of a secret, in its file ``value``."""
    return f"{stack}_secret_{name}_{version}"


def mounts_of(
    service: Service, stack: str, secret_versions: Mapping[str, str]
) -> tuple[Mount, ...]:
    """Return what a service's container mounts; ``secret_versions`` has all of its secrets."""
    config = (Mount(config_volume(stack, service), CONFIG_FOLDER),) if service.files else ()
    secrets = (
        Mount(secret_volume(stack, name, secret_versions[name]), f"{SECRET_FOLDER}/{name}")
        for name in service.secrets
    )
    data = (Mount(f"{stack}_data_{service.name}", service.data, False),) if service.data else ()
    return (*config, *secrets, *data)
