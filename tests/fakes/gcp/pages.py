"""Lists of Google come in pages, which are smaller than asked for: clients have to go on."""

from collections.abc import Sequence
from typing import Any

from tests.fakes.call import Call, Reply

#: Small, so that every client that forgets to go on is found out.
SIZE = 3


def page(call: Call, key: str, items: Sequence[dict[str, Any]], *, total: str = "") -> Reply:
    """Return the page of a list that is asked for."""
    start = int(call.query.get("pageToken") or 0)
    size = min(int(call.query.get("pageSize") or SIZE) or SIZE, SIZE)
    body: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        body["nextPageToken"] = str(start + size)
    if total:
        body[total] = len(items)
    return Reply(200, body)
