"""Lines that containers of an endpoint wrote, from Cloud Logging."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from llmops_cli.clouds.gcp.http import Question, Web
from llmops_cli.errors import DeployError, PreflightError
from llmops_cli.targets.gcp_vertex.place import Place

_ADDRESS = "https://logging.googleapis.com"
_OK = 200
#: The most that Google gives at once.
_LARGEST_PAGE = 1000
#: Lines of others that may be among those of one.
_OTHERS = 4


@dataclass(frozen=True)
class Line:
    """A line: its own id, when it was written, by what is deployed under which id."""

    id: str
    at: datetime
    deployed: str
    text: str


@dataclass(frozen=True)
class Log:
    """The log of an endpoint. Making one asks nobody."""

    place: Place
    web: Web

    @classmethod
    def of(cls, place: Place) -> "Log":
        """Return the log of a place."""
        own = place.configured.endpoints.logging
        return cls(place, Web(place.account, str(own or _ADDRESS).rstrip("/")))

    def newest(self, count: int, deployed: str = "", since: datetime | None = None) -> list[Line]:
        """Return the newest lines, the oldest of them first.

        With ``deployed`` those of others are left out, where Google says who wrote a line.

        Raises:
            AccessError: we may not read the log.
            DeployError: Google does not answer.
        """
        body = {
            "resourceNames": [f"projects/{self.place.account.project}"],
            "filter": self._filter(since),
            "orderBy": "timestamp desc",
            "pageSize": min(max(count * (_OTHERS if deployed else 1), 1), _LARGEST_PAGE),
        }
        question = Question(
            "read the log of the endpoint",
            "POST",
            "/v2/entries:list",
            body=json.dumps(body),
            failure=DeployError,
        )
        answer = self.web.ask(question)
        if answer.status != _OK:
            raise PreflightError("Google does not give the log.", evidence=answer.said)
        every = [_line(entry) for entry in answer.document.get("entries") or ()]
        found = [line for line in every if not deployed or line.deployed in ("", deployed)]
        return list(reversed(found[:count]))

    def _filter(self, since: datetime | None) -> str:
        parts = [
            'resource.type="aiplatform.googleapis.com/Endpoint"',
            f'resource.labels.endpoint_id="{self.place.endpoint_id}"',
        ]
        if since is not None:
            parts.append(f'timestamp>="{since.isoformat()}"')
        return " AND ".join(parts)


def _line(entry: Any) -> Line:
    labels = entry.get("labels") or {}
    return Line(
        str(entry.get("insertId") or ""),
        datetime.fromisoformat(entry["timestamp"]),
        str(labels.get("deployed_model_id") or ""),
        _text(entry),
    )


def _text(entry: Any) -> str:
    if "textPayload" in entry:
        return str(entry["textPayload"]).rstrip("\n")
    payload = entry.get("jsonPayload") or {}
    if set(payload) <= {"message", "levelname", "severity"} and "message" in payload:
        return str(payload["message"]).rstrip("\n")
    return json.dumps(payload, separators=(",", ":"))


def shown(lines: Sequence[Line], deployed: Sequence[str]) -> list[str]:
    """Return lines as texts; who wrote them is told where there are several."""
    several = len(deployed) > 1
    return [f"{line.deployed[-5:]} | {line.text}" if several else line.text for line in lines]
