"""What a machine of Google tells the programs that run on it: plain HTTP, and tokens for it."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.gcp.tokens import PROJECT

_START = "/computeMetadata/v1/"
RUNTIME = f"chat-run@{PROJECT}.iam.gserviceaccount.com"


class MetadataServer(ThreadingHTTPServer):
    """Serves until it is closed; ``token`` makes a new token."""

    daemon_threads = True

    def __init__(self, token: Callable[[], str]) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.token = token
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Stop."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Page(BaseHTTPRequestHandler):
    server: MetadataServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix(_START)
        if self.headers.get("Metadata-Flavor") != "Google":
            self._say(403, "Missing Metadata-Flavor:Google header.")
        elif path == "instance/service-accounts/default/token":
            told = {"access_token": self.server.token(), "expires_in": 3599, "token_type": "Bearer"}
            self._say(200, json.dumps(told), "application/json")
        elif path == "instance/service-accounts/default/email":
            self._say(200, RUNTIME)
        elif path == "project/project-id":
            self._say(200, PROJECT)
        else:
            self._say(404, "not found")

    def _say(self, status: int, text: str, kind: str = "application/text") -> None:
        self.send_response(status)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""
