"""The name of a repository: which registry, which path in it, and the registry's address."""

import ipaddress
import re
from dataclasses import dataclass, field

from llmops_cli.errors import ConfigError

#: Docker Hub has one name for people, one for its API and one for its stored credentials.
_HUB = "docker.io"
_HUB_NAMES = (_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_HUB_API = "registry-1.docker.io"
_HUB_LOGIN = "https://index.docker.io/v1/"
_HOST = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LONGEST = 255


@dataclass(frozen=True)
class Repository:
    """A repository of a registry: ``host`` with its port as in ``docker login``, and ``path``.

    ``is_secured`` is what was found of a registry on this machine: that it speaks TLS.
    """

    host: str
    path: str
    is_secured: bool = field(default=False, compare=False)

    @property
    def is_hub(self) -> bool:
        """Whether the registry is Docker Hub."""
        return self.host == _HUB

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine; engines may use plain HTTP there only."""
        return is_loopback(host_of(self.host))

    @property
    def url(self) -> str:
        """The address of the registry's API, without a path."""
        scheme = "http" if self.is_loopback and not self.is_secured else "https"
        return f"{scheme}://{_HUB_API if self.is_hub else self.host}"

    @property
    def login_name(self) -> str:
        """What Docker's stored credentials call the registry."""
        return _HUB_LOGIN if self.is_hub else self.host

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def parse(text: str) -> Repository:
    """Return the repository that a name without tag or digest means, as Docker understands it.

    The first part is a host if it holds a dot or a colon or is ``localhost``; without one it is
    Docker Hub, where a name of one part lies in ``library``.

    Raises:
        ConfigError: it is not a repository.
    """
    head, slash, rest = text.partition("/")
    has_host = bool(slash) and (any(mark in head for mark in ".:") or head == "localhost")
    host, path = (head, rest) if has_host else (_HUB, text)
    if host.lower() in _HUB_NAMES:
        host = _HUB
        path = path if "/" in path else f"library/{path}"
    parts = path.split("/")
    if not _is_host(host) or not all(_PART.fullmatch(part) for part in parts):
        raise _invalid(text)
    if len(path) > _LONGEST:
        raise _invalid(text)
    return Repository(host.lower(), path)


def host_of(authority: str) -> str:
    """Return the host of ``host:port`` or ``[address]:port``, without brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine, as Docker's engine decides it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_host(host: str) -> bool:
    if not _HOST.fullmatch(host):
        return False
    port = host.rpartition(":")[2] if not host.endswith("]") and ":" in host else "1"
    return 0 < int(port) < 65536


def _invalid(text: str) -> ConfigError:
    return ConfigError(
        f"{text!r} is not a repository of a registry.",
        next_step='Write [image] repository = "registry.example.com/team/name", in lower case, '
        "without a tag.",
    )
