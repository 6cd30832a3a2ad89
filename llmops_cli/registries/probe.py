"""A small upload that is begun and taken back: why a registry takes nothing."""

import httpx2

from llmops_cli.registries.session import Session
from llmops_cli.registries.trouble import says_full
from llmops_cli.registries.wire import Answer, NoAnswerError

_INSUFFICIENT_STORAGE = 507
_SERVER_FAULT = 500
#: Bytes that are sent: a full disk may still take an empty file.
_BYTES = 256 * 1024
_OCTETS = {"content-type": "application/octet-stream"}


def trouble_of(session: Session) -> str:
    """Begin an upload and take it back; return why the registry does not take it, or nothing.

    Raises:
        AccessError: the login may not push.
    """
    start = httpx2.URL(session.url("blobs/uploads/"))
    try:
        begun = session.change("POST", str(start), b"", {})
        place = start.join(begun.headers.get("location", ""))
        if begun.status >= _SERVER_FAULT:
            return _reason(begun)
        # Where uploads go to another host, our login is not for that host.
        if place.host != start.host or place.scheme != start.scheme or place == start:
            return ""
        sent = session.change("PATCH", str(place), bytes(_BYTES), _OCTETS)
        session.change("DELETE", str(place.join(sent.headers.get("location", ""))), b"", {})
    except NoAnswerError as error:
        return str(error)
    return _reason(sent) if sent.status >= _SERVER_FAULT else ""


def _reason(answer: Answer) -> str:
    if answer.status == _INSUFFICIENT_STORAGE or says_full(answer.body.decode(errors="replace")):
        return f"{answer.said} (no space left)"
    return answer.said
