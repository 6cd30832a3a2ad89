"""Around every request: its id, the release, safe headers, one log line and the last catch."""

import logging
import re
import secrets
import time
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve import faults, logs

#: nginx's word for a client that left before the answer began; it is only ever logged.
CLIENT_LEFT = 499

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_OURS = frozenset({b"x-release", b"x-request-id"})
_SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
_NOT_STORED = (b"cache-control", b"no-store")
_log = logging.getLogger("llmops.serve")


class Envelope:
    """ASGI middleware around everything. It buffers nothing and adds no task.

    This is the one place that catches what nothing else expected: the client gets a 500 with an
    incident id, and the log has the traceback.
    """

    def __init__(self, app: ASGIApp, release: str) -> None:
        self._app = app
        self._release = release.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._release)
        logs.request_id.set(exchange.id.decode())
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        except Exception:  # noqa: BLE001 - the one handler
            await exchange.fail(receive)
        finally:
            exchange.log()


class _Exchange:
    """One request and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send, release: bytes) -> None:
        self.id = _request_id(scope["headers"])
        self._scope = scope
        self._send = send
        self._headers = ((b"x-release", release), (b"x-request-id", self.id), *_SAFE_HEADERS)
        self._status = CLIENT_LEFT
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = self._sealed(message.get("headers", ()))
        await self._send(message)

    def _sealed(self, headers: Any) -> list[tuple[bytes, bytes]]:
        sealed = [header for header in headers if header[0] not in _OURS]
        sealed.extend(self._headers)
        if not any(name == b"cache-control" for name, _ in sealed):
            sealed.append(_NOT_STORED)
        return sealed

    async def fail(self, receive: Receive) -> None:
        answer = faults.unexpected(self._scope["path"])
        if self._status == CLIENT_LEFT:
            await answer(self._scope, receive, self.send)

    def log(self) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        milliseconds = (time.perf_counter() - self._started) * 1000
        fields = {
            "method": self._scope["method"],
            # The template, because a path may hold what a client should not have put there.
            "path": getattr(self._scope.get("route"), "path", "(no route)"),
            "status": self._status,
            "duration_ms": round(milliseconds, 2),
        }
        _log.info("Request completed", extra={"fields": fields})


def _request_id(headers: Any) -> bytes:
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    return b"req_" + secrets.token_hex(8).encode()
