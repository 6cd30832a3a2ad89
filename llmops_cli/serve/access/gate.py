"""The gate: every path that is not listed as open needs one of the keys."""

import hashlib
import hmac
from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.faults import openai_error

#: What probes and deploy tools ask without a credential.
OPEN_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/version"})

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_REFUSAL = "Missing or wrong API key: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"


class Keyring:
    """The keys that open the API, as SHA-256 digests; any of them will do."""

    def __init__(self, digests: tuple[bytes, ...]) -> None:
        self._digests = digests

    def opens(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the request headers carry a key that is on the ring.

        Digests have one length and all are compared, so the time taken tells nothing about how
        much of a key, or which of the keys, was right.
        """
        presented = [hashlib.sha256(key).digest() for key in _presented(headers)]
        matches = [
            hmac.compare_digest(digest, known) for digest in presented for known in self._digests
        ]
        return any(matches)


def _presented(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    keys = []
    for name, value in headers:
        if name == b"x-api-key":
            keys.append(value.strip())
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            keys.append(value[7:].strip())
    return keys


class Gate:
    """ASGI middleware that answers 401 to a request without a key, before any route sees it.

    It stands before the routes and not in them, so that a route which is added later is closed
    until somebody opens it.
    """

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if self._may_pass(scope):
            await self._app(scope, receive, send)
        else:
            await _refusal(scope["path"])(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        return (
            scope["type"] == "lifespan"
            or scope["path"] in OPEN_PATHS
            or self._keyring.opens(scope["headers"])
        )


def _refusal(path: str) -> JSONResponse:
    if path.startswith("/v1/"):
        return openai_error(401, _REFUSAL, code="invalid_api_key", headers=_CHALLENGE)
    return JSONResponse({"detail": _REFUSAL}, 401, _CHALLENGE)
