"""Wrapped requests: how a route of the API is asked through the one route that Vertex AI has.

The other half is `serve/vertex/wrapped.py`; docs/api.md describes both.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmops_cli.core.carrier import Carried, CarrierError

CONTENT_TYPE = "application/vnd.llmops.response"
#: Another release answered than the one that was meant.
MISDIRECTED = 421
_HEADERS = frozenset(
    {
        *("accept", "authorization", "content-type", "origin", "traceparent", "tracestate"),
        *("user-agent", "x-api-key", "x-request-id"),
    }
)
#: The longest line that an answer may begin with, in bytes.
_LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True)
class Head:
    """Status and headers of the answer that is in an answer."""

    status: int
    headers: Sequence[tuple[str, str]]


def wrapped(asked: Carried, release: str) -> bytes:
    """Return the body that asks for a route; bodies are packed, for Vertex AI takes 1.5 MB."""
    document: dict[str, object] = {
        "method": asked.method,
        "path": asked.path,
        "headers": {name: text for name, text in asked.headers.items() if name in _HEADERS},
    }
    if release:
        document["release"] = release
    if asked.body:
        document["body"] = base64.b64encode(zlib.compress(asked.body)).decode()
    return json.dumps({"llmops_request": document}).encode()


def is_stream(asked: Carried) -> bool:
    """Whether the answer is to come as it is written."""
    try:
        document = json.loads(asked.body) if asked.body else None
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("stream") is True


def unwrapped(chunks: Iterator[bytes]) -> tuple[Head, Iterator[bytes]]:
    """Read the line that an answer begins with, and return it with what comes after it.

    Raises:
        CarrierError: there is no such line.
    """
    read = b""
    for chunk in chunks:
        read += chunk
        if b"\n" in read or len(read) > _LONGEST_HEAD:
            break
    line, _, rest = read.partition(b"\n")
    try:
        document = json.loads(line)
        pairs = [(str(name), str(text)) for name, text in document["headers"]]
        head = Head(int(document["status"]), pairs)
    except (ValueError, KeyError, TypeError) as error:
        raise CarrierError("what answers the endpoint does not speak as llmops does") from error

    def after() -> Iterator[bytes]:
        if rest:
            yield rest
        yield from chunks

    return head, after()
