"""A small upload that is begun and taken back: why a registry takes nothing."""

from contextlib import suppress

import httpx2

from llmops_cli.errors import AccessError
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
    start = session.url("blobs/uploads/")
    try:
        begun = session.change("POST", start, b"", {})
        place = _near(start, begun)
        if begun.status >= _SERVER_FAULT or place is None:
            return _reason(begun)
        sent = session.change("PATCH", place, bytes(_BYTES), _OCTETS)
        # Not everybody who may push may take it back; then the registry does so in time.
        with suppress(AccessError):
            session.change("DELETE", _near(start, sent) or place, b"", {})
        return _reason(sent)
    except NoAnswerError as error:
        return str(error)


def _near(start: str, answer: Answer) -> str | None:
    """Return where an upload goes on; nothing if it is on another host, for which no login is."""
    here, location = httpx2.URL(start), answer.headers.get("location")
    there = here.join(location or "")
    is_near = (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)
    return str(there) if location and is_near else None


def _reason(answer: Answer) -> str:
    if answer.status < _SERVER_FAULT:
        return ""
    if answer.status == _INSUFFICIENT_STORAGE or says_full(answer.body.decode(errors="replace")):
        return f"{answer.said} (no space left)"
    return answer.said
