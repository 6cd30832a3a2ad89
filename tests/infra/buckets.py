"""The bucket that keeps Terraform's state: objects with generations, for the backend `gcs`.

Terraform reaches it by GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT, so its own backend runs, lock and
all.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TOKEN = "a-token-of-google-that-nobody-may-see"


@dataclass(frozen=True)
class Kept:
    """An object of a bucket."""

    content: bytes
    generation: int


@dataclass
class Buckets:
    """What all buckets hold, by bucket and name. ``refusals`` are given before it answers."""

    held: dict[tuple[str, str], Kept] = field(default_factory=dict)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    written: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def state(self, name: str) -> dict[str, Any]:
        """Return a state that Terraform has written."""
        [found] = [kept for (_, path), kept in self.held.items() if path == name]
        document: dict[str, Any] = json.loads(found.content)
        return document

    def put(self, bucket: str, name: str, content: bytes, expected: str | None) -> Kept | None:
        """Write an object, unless it has another generation than was expected."""
        found = self.held.get((bucket, name))
        if expected is not None and int(expected) != (found.generation if found else 0):
            return None
        self.written += 1
        self.held[bucket, name] = kept = Kept(content, self.written)
        return kept


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query))
        body = self._body()
        buckets = self.server.buckets
        buckets.asked.append(f"{method} {split.path}")
        if buckets.refusals:
            status, message = buckets.refusals.pop(0)
            return self._say(status, {"error": {"code": status, "message": message}})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._say(401, {"error": {"code": 401, "message": "Invalid Credentials"}})
        found = re.search(r"/b/([^/]+)/o(?:/(.+))?$", split.path)
        if found is None:
            bucket, _, name = unquote(split.path).strip("/").partition("/")
            return self._read(bucket, name, is_media=True)
        bucket, name = found[1], unquote(found[2] or "")
        if method == "POST":
            return self._write(bucket, query, body)
        if method == "DELETE":
            return self._delete(bucket, name, query)
        if name:
            return self._read(bucket, name, is_media=query.get("alt") == "media")
        start = query.get("prefix", "")
        names = [path for place, path in buckets.held if place == bucket and path.startswith(start)]
        return self._say(200, {"items": [self._shown(bucket, path) for path in sorted(names)]})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _write(self, bucket: str, query: dict[str, str], body: bytes) -> None:
        mark = re.search(r"boundary=\"?([^\";]+)", self.headers["Content-Type"])
        assert mark is not None, "it is sent in one piece"
        parts = body.split(f"--{mark[1]}".encode())
        described, content = (part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:3])
        name = query.get("name") or json.loads(described)["name"]
        expected = query.get("ifGenerationMatch")
        if self.server.buckets.put(bucket, name, content, expected) is None:
            return self._say(412, {"error": {"code": 412, "message": "conditionNotMet"}})
        return self._say(200, self._shown(bucket, name))

    def _delete(self, bucket: str, name: str, query: dict[str, str]) -> None:
        if self.server.buckets.held.pop((bucket, name), None) is None:
            return self._say(404, {"error": {"code": 404, "message": "No such object"}})
        self.send_response(204)
        self.end_headers()
        return None

    def _read(self, bucket: str, name: str, *, is_media: bool) -> None:
        kept = self.server.buckets.held.get((bucket, name))
        if kept is None:
            return self._say(404, {"error": {"code": 404, "message": "No such object"}})
        if not is_media:
            return self._say(200, self._shown(bucket, name))
        self.send_response(200)
        self.send_header("Content-Length", str(len(kept.content)))
        self.send_header("X-Goog-Generation", str(kept.generation))
        self.end_headers()
        self.wfile.write(kept.content)
        return None

    def _shown(self, bucket: str, name: str) -> dict[str, str]:
        kept = self.server.buckets.held[bucket, name]
        return {
            "kind": "storage#object",
            "bucket": bucket,
            "name": name,
            "generation": str(kept.generation),
            "metageneration": "1",
            "size": str(len(kept.content)),
        }

    def _say(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is on record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, buckets: Buckets) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.buckets = buckets


@contextmanager
def serving_buckets() -> Iterator[Buckets]:
    """Serve buckets without anything in them."""
    buckets = Buckets()
    server = _Server(buckets)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}/storage/v1/b"
    buckets.environment = {
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": endpoint,
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
    }
    try:
        yield buckets
    finally:
        server.shutdown()
        server.server_close()
