"""Wrapped requests: any route of the API, asked through the one route that Vertex AI has.

The answer is 200 for Vertex AI, with the answer of the route in it: a line of JSON with its status
and headers, then its body as it comes. An answer of another status might not come through.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Message, Send

from llmops_cli.serve.vertex.inner import Request

#: What a wrapped request is under in the body.
KEY = "llmops_request"
CONTENT_TYPE = b"application/vnd.llmops.response"
#: Another release was meant.
MISDIRECTED = 421

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = frozenset(
    {
        *("accept", "authorization", "content-type", "origin", "traceparent", "tracestate"),
        *("user-agent", "x-api-key", "x-request-id"),
    }
)


@dataclass(frozen=True)
class Wrapped:
    """A request, and the release that is to answer it; empty for whichever."""

    release: str
    request: Request


def read(document: object, most: int) -> Wrapped:
    """Read a wrapped request; of a body that unpacks to more than ``most`` bytes, one more is
    kept, so that its route refuses it. Raises ValueError with what is wrong.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"{KEY!r} must be an object")
    method, path = _text(document, "method", "GET").upper(), _text(document, "path", "")
    if method not in _METHODS:
        raise ValueError("'method' must be a method of HTTP")
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError("'path' must be a path such as /version")
    body = _unpacked(_text(document, "body", ""), most)
    request = Request(method, path, body, _headers(document.get("headers")))
    return Wrapped(_text(document, "release", ""), request)


def framed(send: Send) -> Send:
    """Return what sends an answer of a route as the answer to a wrapped request."""

    async def framing(message: Message) -> None:
        if message["type"] != "http.response.start":
            await send(message)
            return
        headers = [[name.decode(), value.decode("latin-1")] for name, value in message["headers"]]
        head = json.dumps({"status": message["status"], "headers": headers}).encode() + b"\n"
        kept = [pair for pair in message["headers"] if pair[0].lower() == b"connection"]
        own = [(b"content-type", CONTENT_TYPE), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": [*own, *kept]})
        await send({"type": "http.response.body", "body": head, "more_body": True})

    return framing


def _headers(found: object) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ValueError("'headers' must be an object")
    headers = {str(name).lower(): value for name, value in found.items()}
    foreign = sorted(set(headers) - _HEADERS)
    if foreign:
        raise ValueError(f"'headers' may not hold {foreign[0][:50]!r}")
    for value in headers.values():
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ValueError("'headers' must hold printable texts")
    return headers


def _unpacked(text: str, most: int) -> bytes:
    if not text:
        return b""
    try:
        packed = base64.b64decode(text, validate=True)
        return zlib.decompressobj().decompress(packed, most + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise ValueError("'body' must be deflated (zlib), in base64") from error


def _text(document: Mapping[str, object], name: str, default: str) -> str:
    value = document.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a text")
    return value
