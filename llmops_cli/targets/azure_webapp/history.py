"""Keeps the record of an app in App Service's own deployment log, of production and of the slot.

A swap may take the log along or leave it, so both are read, and the newest version counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_webapp.record import Record, read, written
from llmops_cli.targets.azure_webapp.side import Side

PREFIX = "llmops-"
#: What the log calls a success. Other statuses are purged early, or start a real deployment.
SUCCESS = 4
_ATTEMPTS = 4


@dataclass(frozen=True)
class History:
    """Reads and writes the record. Production is the first of the sides."""

    sides: Sequence[Side]

    def read(self) -> Record:
        """Return the newest version; an empty record where there is none."""
        return newest(entry for side in self.sides for entry in side.entries())

    def write(self, record: Record) -> Record:
        """Write a version that is newer than ``record``, and return it.

        Raises:
            DeployError: the log does not keep it: somebody else wrote a version of that number.
        """
        newer = replace(record, number=record.number + 1)
        text = written(newer)
        id = f"{PREFIX}{newer.number:06d}"
        self.sides[0].add_entry(id, entry_body(text, author="llmops"))
        kept = self.sides[0].entry(id)
        if message_of(kept) != text:
            raise DeployError(
                "The record of the releases could not be written.",
                evidence=f"The deployment log holds another entry {id}.",
                next_step="llmops status, then try again.",
            )
        return newer


def newest(entries: Any) -> Record:
    """Return the newest record among the entries of a log."""
    records = [found for entry in entries if (found := read(message_of(entry))) is not None]
    return max(records, key=lambda record: record.number, default=Record())


def entry_body(message: str, *, author: str) -> dict[str, object]:
    """Return an entry for the log that starts nothing and can be deleted again."""
    return {
        "properties": {
            "status": SUCCESS,
            "message": message,
            "author": author,
            "deployer": "llmops",
            "active": False,
        }
    }


def message_of(entry: Mapping[str, Any] | None) -> str:
    """Return the text of an entry."""
    properties = (entry or {}).get("properties") or {}
    return str(properties.get("message") or "")
