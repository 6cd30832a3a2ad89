"""What gives tokens to programs on a machine: Azure's metadata address, and GitHub's for jobs."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.fakes.azure.entra import Entra

GITHUB_BEARER = "github-bearer-0123456789"
#: What GitHub gives: it only has to look like a token here, for Entra ID is told to believe it.
GITHUB_TOKEN = "head.of-the-job.signature"


class IdentityServer(ThreadingHTTPServer):
    """Answers as both do; ``asked`` are the queries that came. ``failures`` come first."""

    daemon_threads = True

    def __init__(self, entra: Entra) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.entra = entra
        self.asked: list[dict[str, str]] = []
        self.failures: list[int] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Pages(BaseHTTPRequestHandler):
    server: IdentityServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.server.asked.append({"path": address.path, **query})
        if self.server.failures:
            self._say(self.server.failures.pop(0), {"message": f"no {GITHUB_TOKEN}"})
        elif address.path == "/github":
            self._give_assertion()
        elif "Metadata" not in self.headers and "X-IDENTITY-HEADER" not in self.headers:
            self._say(400, {"error": "invalid_request"})
        else:
            token = self.server.entra.token(query["resource"])
            lives = {"expires_in": "3600", "expires_on": "4102444800", "token_type": "Bearer"}
            self._say(200, {"access_token": token, "resource": query["resource"], **lives})

    def _give_assertion(self) -> None:
        if self.headers["Authorization"] != f"Bearer {GITHUB_BEARER}":
            self._say(401, {"message": "who is it"})
        else:
            self._say(200, {"count": 1, "value": GITHUB_TOKEN})

    def _say(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""
