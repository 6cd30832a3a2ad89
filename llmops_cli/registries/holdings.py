"""All tags of a repository, page after page, and taking away what one stands for."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum

import httpx2

from llmops_cli.registries.session import Session
from llmops_cli.registries.trouble import broken, unexpected
from llmops_cli.registries.wire import Answer

_PAGE = 500
#: Pages that are read; a registry that has more is one that comes back to where it was.
_MOST_PAGES = 200
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
_NOT_THERE = 404
_NOT_ALLOWED = 405
_SERVER_FAULT = 500


class Removal(StrEnum):
    """How the removal of an image ended: it was there, it was gone already, or it is locked."""

    DONE = "deleted"
    GONE = "gone"
    LOCKED = "locked"


def all_tags(session: Session) -> Iterator[str]:
    """Yield the tags of a repository; none where the registry does not know it.

    Raises:
        AccessError: the registry refuses the login.
        BuildError: it does not answer, or what it answers is no list.
    """
    query = f"n={_PAGE}"
    asked = set[str]()
    while query not in asked and len(asked) < _MOST_PAGES:
        asked.add(query)
        answer = session.get(f"tags/list?{query}", accept="application/json")
        if answer.status == _NOT_THERE:
            return
        yield from _tags(session, answer)
        found = _next(answer)
        if found is None:
            return
        query = found
    raise broken(session.repository, answer, "its list of tags has no end")


def remove_image(session: Session, digest: str) -> Removal:
    """Remove an image by its digest, with all tags that it has, and say how that ended.

    Raises:
        AccessError: the login may not remove.
        BuildError: the registry does not answer.
    """
    answer = session.remove(f"manifests/{digest}")
    if answer.status == _NOT_THERE:
        return Removal.GONE
    if answer.status == _NOT_ALLOWED:
        # A lock on the image (ACR), or a registry that removes nothing at all.
        return Removal.LOCKED
    if answer.status >= _NOT_THERE:
        raise unexpected(session.repository, answer)
    return Removal.DONE


def _tags(session: Session, answer: Answer) -> list[str]:
    try:
        tags = json.loads(answer.body)["tags"]
        # An empty repository has null in its place.
        return [str(tag) for tag in tags or ()]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(session.repository, answer, "it is no list of tags") from error


def _next(answer: Answer) -> str | None:
    """Return the query of the next page; what else the address says is not believed."""
    found = _NEXT.search(answer.headers.get("link", ""))
    if found is None:
        return None
    return httpx2.URL("http://registry/").join(found[1]).query.decode()
