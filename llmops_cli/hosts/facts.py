"""What a host says of itself, as far as it decides what is put there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HostFacts:
    """A host as its agent sees it.

    ``python`` is the version that releases would run on; ``nginx_group`` the group of nginx's
    workers; ``clock`` seconds since 1970; ``free_bytes`` what the disk of /opt has left. A
    program that is missing has version (): versions are like (252,) and (1, 22, 1).
    """

    host: str
    system: str = ""
    python: tuple[int, ...] = ()
    systemd: tuple[int, ...] = ()
    nginx: tuple[int, ...] = ()
    nginx_group: str = ""
    has_engine: bool = False
    free_bytes: int = 0
    clock: float = 0.0
    has_ipv6: bool = False

    @staticmethod
    def read(host: str, answer: Mapping[str, Any]) -> "HostFacts":
        """Read what the agent answers to ``facts``."""
        return HostFacts(
            host=host,
            system=str(answer["system"]),
            python=tuple(answer["python"]),
            systemd=tuple(answer["systemd"]),
            nginx=tuple(answer["nginx"]),
            nginx_group=str(answer["nginx_group"]),
            has_engine=bool(answer["has_engine"]),
            free_bytes=int(answer["free_bytes"]),
            clock=float(answer["clock"]),
            has_ipv6=bool(answer["has_ipv6"]),
        )
