"""The deployment log of a site, as Kudu keeps it: no entry changes, old ones are forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.call import Reply, refusal

_FAILED, _SUCCESS = 3, 4
#: Entries that are kept of those that succeeded.
MOST = 10


@dataclass
class Kudu:
    """One site's log. ``violations`` takes what would have started a real deployment.

    Kudu on Linux answers a PUT of an entry that exists with what was sent, and writes nothing; the
    one on Windows (``is_linux`` False) says 409.
    """

    violations: list[str]
    is_linux: bool = True
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def listed(self) -> list[dict[str, Any]]:
        """Return the entries, in no useful order, after what is old is forgotten."""
        self._purge()
        return [self._document(id) for id in sorted(self.entries)]

    def get(self, id: str) -> Reply:
        """Answer with one entry."""
        if id not in self.entries:
            return refusal(404, "NotFound", f"Deployment '{id}' not found.")
        return Reply(200, self._document(id))

    def put(self, id: str, body: Mapping[str, Any]) -> Reply:
        """Keep an entry, unless one of that id is there."""
        given = dict(body.get("properties") or {})
        texts = all(given.get(name) for name in ("message", "author", "deployer"))
        if given.get("status") not in (_FAILED, _SUCCESS) or not texts:
            self.violations.append(f"the entry {id} would start a deployment: {given}")
        if id in self.entries:
            if not self.is_linux:
                return refusal(409, "Conflict", f"Deployment with id '{id}' exists")
            return Reply(200, self._document(id, given))
        self.count += 1
        # What is called details goes to another file, and is not in the record.
        kept = {**given, "details": None, "number": self.count}
        self.entries[id] = kept
        self._purge()
        return Reply(200, self._document(id))

    def delete(self, id: str) -> Reply:
        """Forget an entry, unless it is the active one."""
        entry = self.entries.get(id)
        if entry is None:
            return refusal(404, "NotFound", f"Deployment '{id}' not found.")
        if entry.get("active"):
            return refusal(409, "Conflict", f"Cannot delete '{id}', it is active.")
        del self.entries[id]
        return Reply(200)

    def _purge(self) -> None:
        def newest_first(status: int) -> list[str]:
            ids = [id for id, entry in self.entries.items() if entry.get("status") == status]
            return sorted(ids, key=lambda id: self.entries[id]["number"], reverse=True)

        for id in [*newest_first(_SUCCESS)[MOST:], *newest_first(_FAILED)[1:]]:
            del self.entries[id]

    def _document(self, id: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        entry = given if given is not None else self.entries[id]
        shown = {name: value for name, value in entry.items() if name != "number"}
        return {
            "id": id,
            "name": id,
            "type": "Microsoft.Web/sites/deployments",
            "properties": shown,
        }
