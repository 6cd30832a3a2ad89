"""The addresses at which App Service and Compute Engine hand out tokens, on loopback."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HEADER = "identity-header-7d1f"


@dataclass
class Issuer:
    """Counts what it hands out. ``lifetime`` is in seconds; ``refuses`` has it answer 400."""

    port: int
    issued: list[str] = field(default_factory=list)
    lifetime: int = 3600
    refuses: bool = False
    resources: list[str] = field(default_factory=list)

    def token(self) -> str:
        self.issued.append(f"cloud-token-{len(self.issued) + 1}")
        return self.issued[-1]


class _Handler(BaseHTTPRequestHandler):
    issuer: Issuer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.issuer.refuses and path.endswith("/token"):
            self._answer(400, {"error": "no identity", "detail": HEADER})
        elif path == "/msi/token":
            self._app_service()
        elif self.headers.get("Metadata-Flavor") == "Google" or path == "/":
            self._compute_engine(path)
        else:
            self._answer(403, {})

    def _app_service(self) -> None:
        """Answer as App Service does (REST endpoint of managed identities, 2019-08-01)."""
        query = parse_qs(urlsplit(self.path).query)
        if self.headers.get("X-IDENTITY-HEADER") != HEADER or query["api-version"] != [
            "2019-08-01"
        ]:
            self._answer(400, {})
            return
        resource = query["resource"][0]
        self.issuer.resources.append(resource)
        self._answer(
            200,
            {
                "access_token": self.issuer.token(),
                "expires_on": str(int(time.time()) + self.issuer.lifetime),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": "00000000-0000-0000-0000-000000000000",
            },
        )

    def _compute_engine(self, path: str) -> None:
        """Answer as the metadata server of Compute Engine does."""
        account = "/computeMetadata/v1/instance/service-accounts/default"
        if path == f"{account}/token":
            token = self.issuer.token()
            lifetime = self.issuer.lifetime
            self._answer(
                200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
            )
        elif path.rstrip("/") == account:
            self._answer(200, {"aliases": ["default"], "email": "release@x", "scopes": []})
        elif path == "/computeMetadata/v1/universe/universe-domain":
            self._answer(200, "googleapis.com")
        elif path == "/computeMetadata/v1/project/project-id":
            self._answer(200, "project")
        else:
            self._answer(200, {})

    def _answer(self, status: int, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        self.send_header("Metadata-Flavor", "Google")
        kind = "application/text" if isinstance(body, str) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Issuer]:
    """Run both on a free port of the loopback address."""
    handler = type("IssuerHandler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.issuer = Issuer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
