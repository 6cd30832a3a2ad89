"""What a host says that it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.targets.documents import release_from


@dataclass(frozen=True)
class Unit:
    """The service of a release, as systemd sees it. ``memory`` is in bytes."""

    active: str = "inactive"
    result: str = ""
    status: int = 0
    restarts: int = 0
    memory: int = 0

    def __str__(self) -> str:
        words = [self.active]
        if self.result not in ("", "success"):
            words.append(f"({self.result}, status {self.status})")
        if self.restarts:
            words.append(f"after {self.restarts} restarts")
        if self.active == "active" and self.memory:
            words.append(f"with {self.memory / 1024**2:.0f} MiB")
        return " ".join(words)


@dataclass(frozen=True)
class HostState:
    """What serves on a host, what should, and what is under way.

    ``current`` is the release that has the traffic, ``answers`` the one that answers there;
    ``candidate`` one whose promotion is not settled; ``site`` the sha256 of nginx's site.
    """

    host: str
    current: str | None = None
    answers: str | None = None
    previous: str | None = None
    is_stopped: bool = False
    candidate: str | None = None
    release: Release | None = None
    site: str | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)

    @property
    def unit(self) -> Unit:
        """The service of what has the traffic."""
        return self.units.get(self.current or "", Unit())

    @property
    def is_settled(self) -> bool:
        """Whether no promotion is under way, or was left half done."""
        return self.candidate is None


def read(host: str, answer: Mapping[str, Any]) -> HostState:
    """Read what the agent answers to ``state``."""
    pending = answer.get("pending") or {}
    document = answer.get("release")
    return HostState(
        host=host,
        current=answer.get("current"),
        answers=answer.get("answers"),
        previous=answer.get("previous"),
        is_stopped=bool(answer.get("stopped")),
        candidate=pending.get("candidate"),
        release=release_from(document) if document else None,
        site=answer.get("site"),
        units={name: _unit(found) for name, found in (answer.get("units") or {}).items()},
    )


def _unit(found: Mapping[str, Any]) -> Unit:
    return Unit(
        active=str(found.get("active") or "inactive"),
        result=str(found.get("result") or ""),
        status=int(found.get("status") or 0),
        restarts=int(found.get("restarts") or 0),
        memory=int(found.get("memory") or 0),
    )
