"""Answers as the services of a stack do, under their own names; part of an image for tests.

It refuses to start where the real one could not: without its key, its configuration, or a folder
that it may write to. While the file /tmp/sick is there, it says that it is not well.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = Path(sys.argv[0]).name


def started() -> tuple[int, str, str]:
    """Return the port, the path that tells of health, and the key that /metrics asks for."""
    if NAME == "litellm":
        assert Path(argument("--config")).read_text()
        return int(argument("--port")), "/health/liveliness", os.environ["LITELLM_MASTER_KEY"]
    if NAME == "qdrant":
        Path(os.environ["QDRANT_INIT_FILE_PATH"]).write_text("initialized")
        Path(os.environ["QDRANT__STORAGE__SNAPSHOTS_PATH"]).mkdir(exist_ok=True)
        return 6333, "/readyz", os.environ["QDRANT__SERVICE__API_KEY"]
    if NAME == "mlflow":
        Path("/mlflow/mlflow.db").write_text("")
        return int(argument("--port")), "/health", ""
    if NAME == "text-embeddings-router":
        Path(os.environ["HUGGINGFACE_HUB_CACHE"], "model").write_text(argument("--model-id"))
        return int(argument("--port")), "/health", ""
    if NAME == "grafana":
        assert Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]).read_text()
        assert list(Path(os.environ["GF_PATHS_PROVISIONING"]).rglob("*.yml"))
        Path("/var/lib/grafana/grafana.db").write_text("")
        return 3000, "/api/health", ""
    assert NAME == "api"
    return 8000, "/health", Path("/run/secrets/PROMETHEUS_KEY/value").read_text()


def argument(name: str) -> str:
    for position, word in enumerate(sys.argv):
        if word == name:
            return sys.argv[position + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    raise SystemExit(f"{NAME}: {name} is missing")


PORT, HEALTH, KEY = started()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_sick = Path("/tmp/sick").exists()
        status, body = 404, ""
        if self.path == HEALTH:
            status = 503 if is_sick else 200
        elif self.path.rstrip("/") == "/metrics":
            may = self.headers.get("Authorization") == f"Bearer {KEY.strip()}"
            status, body = (200, "stand_in 1\n") if may else (401, "")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        pass


# The first process of a container ignores what it has no handler for.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
sys.stdout.write(f"{NAME} listens at {PORT}\n")
sys.stdout.flush()
ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()
