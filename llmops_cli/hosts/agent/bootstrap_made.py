"""On record: what the bootstrap made of a host. Nothing else is ever changed or removed by it."""

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

from llmops_cli.hosts.agent import durable
from llmops_cli.hosts.agent.places import Places


@dataclass
class Made:
    """What was made: files with the sha256 of their content, folders, a user, packages."""

    files: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    user: str = ""
    packages: list[str] = field(default_factory=list)
    acme: str = ""

    @staticmethod
    def read(places: Places) -> "Made":
        """Read what is on record; nothing where the bootstrap never ran."""
        document = durable.read_json(places.made) or {}
        known = {name: document[name] for name in Made.__dataclass_fields__ if name in document}
        return Made(**known)

    def write(self, places: Places) -> None:
        """Put it on record."""
        durable.write_json(places.made, asdict(self))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was made."""
        return not any(asdict(self).values())


def digest_of(path: Path) -> str | None:
    """Return the sha256 of a file's content, or None where there is none."""
    try:
        return digest(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest(content: bytes) -> str:
    """Return the sha256 of a content."""
    return hashlib.sha256(content).hexdigest()
