"""Lines that revisions of a service wrote, from Cloud Logging."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from llmops_cli.clouds.gcp.http import Question, Web
from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_run.place import Place

_ADDRESS = "https://logging.googleapis.com"
#: The most that Google gives at once.
_LARGEST_PAGE = 1000


@dataclass(frozen=True)
class Line:
    """A line: its own id, when it was written, which instance of which revision wrote it."""

    id: str
    at: datetime
    revision: str
    instance: str
    text: str


@dataclass(frozen=True)
class Entries:
    """The log of a service. Making one asks nobody."""

    place: Place

    @cached_property
    def _web(self) -> Web:
        own = self.place.configured.endpoints.logging
        return Web(self.place.account, str(own or _ADDRESS).rstrip("/"))

    def newest(self, revision: str, count: int, since: datetime | None = None) -> list[Line]:
        """Return the newest lines of a revision, or of all of them, the oldest of them first.

        Raises:
            AccessError: we may not read the log.
            DeployError: Google does not answer.
        """
        body = {
            "resourceNames": [f"projects/{self.place.account.project}"],
            "filter": self._filter(revision, since),
            "orderBy": "timestamp desc",
            "pageSize": min(max(count, 1), _LARGEST_PAGE),
        }
        question = Question(
            f"read the log of {self.place.service}",
            "POST",
            "/v2/entries:list",
            (),
            json.dumps(body),
        )
        answer = self._web.ask(question)
        if answer.status != 200:
            raise DeployError("Google does not give the log.", evidence=answer.said)
        found = list(_lines(answer.document.get("entries") or ()))
        return list(reversed(found[:count]))

    def _filter(self, revision: str, since: datetime | None) -> str:
        parts = [
            'resource.type="cloud_run_revision"',
            f'resource.labels.service_name="{self.place.service}"',
            f'resource.labels.location="{self.place.account.location}"',
            # Without the log of requests, which the API writes better itself.
            f'logName!="projects/{self.place.account.project}/logs/run.googleapis.com%2Frequests"',
        ]
        if revision:
            parts.append(f'resource.labels.revision_name="{revision}"')
        if since is not None:
            parts.append(f'timestamp>="{since.isoformat()}"')
        return " AND ".join(parts)


def _lines(entries: Any) -> Iterator[Line]:
    for entry in entries:
        text = _text(entry)
        if text:
            labels = (entry.get("resource") or {}).get("labels") or {}
            yield Line(
                str(entry.get("insertId") or ""),
                datetime.fromisoformat(entry["timestamp"]),
                str(labels.get("revision_name") or ""),
                str((entry.get("labels") or {}).get("instanceId") or ""),
                text,
            )


def _text(entry: Mapping[str, Any]) -> str:
    if "textPayload" in entry:
        return str(entry["textPayload"]).rstrip("\n")
    payload = entry.get("jsonPayload") or {}
    if set(payload) == {"message"}:
        return str(payload["message"]).rstrip("\n")
    return json.dumps(payload, separators=(",", ":")) if payload else ""
