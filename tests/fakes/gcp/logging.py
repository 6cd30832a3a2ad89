"""Cloud Logging: entries that are asked for with a filter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import invalid
from tests.fakes.gcp.operations import moment

_TERM = re.compile(r'([\w."]+)\s*(=|>=|>|<=|<|:)\s*("(?:[^"\\]|\\.)*"|[\w.:-]+)')
_PAGE = 50


@dataclass
class Logging:
    """All entries, in the order of their times."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by ids."""
        return {"logging.entries.list": self._list}

    def write(
        self,
        text: str | dict[str, Any],
        *,
        kind: str,
        labels: Mapping[str, str],
        severity: str = "DEFAULT",
        log: str = "run.googleapis.com%2Fstderr",
        own_labels: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write an entry of a resource: ``kind`` is as in "cloud_run_revision"."""
        from tests.fakes.gcp.tokens import PROJECT

        now = moment()
        what = {"textPayload": text} if isinstance(text, str) else {"jsonPayload": text}
        self.entries.append(
            {
                "logName": f"projects/{PROJECT}/logs/{log}",
                "resource": {"type": kind, "labels": dict(labels)},
                "timestamp": now,
                "receiveTimestamp": now,
                "insertId": f"x{len(self.entries):06}",
                "severity": severity,
                "labels": dict(own_labels),
                **what,
            }
        )

    def _list(self, call: Call) -> Reply:
        text = call.body.get("filter", "")
        terms = _TERM.findall(text)
        if text.strip() and not terms:
            return invalid(f"Unparseable filter: {text}")
        found = [one for one in self.entries if all(_is_so(one, *term) for term in terms)]
        if call.body.get("orderBy", "").endswith("desc"):
            found.reverse()
        start = int(call.body.get("pageToken") or 0)
        end = start + min(call.body.get("pageSize") or _PAGE, 1000)
        more = {"nextPageToken": str(end)} if end < len(found) else {}
        return Reply(200, {"entries": found[start:end], **more})


def _is_so(entry: Mapping[str, Any], path: str, sign: str, wanted: str) -> bool:
    value: Any = entry
    for part in re.findall(r'"[^"]+"|[^.]+', path):
        value = value.get(part.strip('"'), "") if isinstance(value, dict) else ""
    text, right = str(value), wanted.strip('"')
    return {
        "=": text == right,
        ":": right in text,
        ">=": text >= right,
        ">": text > right,
        "<=": text <= right,
        "<": text < right,
    }[sign]
