"""Releases and events as JSON documents, in the one way in which every target keeps them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.core.target import Event


def release_document(release: Release) -> dict[str, object]:
    """Return a release as a document."""
    return {**asdict(release), "committed_at": release.committed_at.isoformat()}


def release_from(document: Mapping[str, Any]) -> Release | None:
    """Read a release, or return None where the document is not one."""
    try:
        return Release(
            id=document["id"],
            commit=document["commit"],
            tree=document["tree"],
            committed_at=datetime.fromisoformat(document["committed_at"]),
            subject=document["subject"],
            settings=document["settings"],
            secret_versions=document["secret_versions"],
            image=document.get("image", ""),
        )
    except (KeyError, TypeError, ValueError):
        return None


def event_line(event: Event) -> str:
    """Return an event as one line."""
    document = {
        "at": event.at.isoformat(),
        "action": event.action,
        "release": event.release,
        "by": event.by,
        "details": dict(event.details),
    }
    return json.dumps(document) + "\n"


def event_from(line: str) -> Event | None:
    """Read an event, or return None where the line is not a whole one."""
    try:
        found = json.loads(line)
        return Event(
            at=datetime.fromisoformat(found["at"]),
            action=found["action"],
            release=found["release"],
            by=found["by"],
            details=found["details"],
        )
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
