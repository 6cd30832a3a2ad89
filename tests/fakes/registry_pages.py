"""The pages of a container registry at /v2/, whoever it is that runs it."""

import json
import re
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.fakes.registry_contents import digest_of

if TYPE_CHECKING:
    from tests.fakes.registry import RegistryServer

_PATH = re.compile(
    r"/v2/(?P<repository>.+?)/(?:blobs/uploads/(?P<upload>[\w-]*)|blobs/(?P<blob>sha256:[0-9a-f]{64})"
    r"|manifests/(?P<reference>[^/]+)|tags/(?P<tags>list))/?"
)


class Pages(BaseHTTPRequestHandler):
    """Answers one request after the other on one connection. Who is let in, says who runs it."""

    protocol_version = "HTTP/1.1"
    #: What it calls itself.
    brand = ""
    server: "RegistryServer"

    def is_let_in(self, repository: str, action: str) -> bool:
        """Whether the client may do that; if not, it was told already."""
        raise NotImplementedError

    def has_own_page(self) -> bool:
        """Answer a page that is not of every registry; False where this is none such."""
        return False

    def why_not_put(self, repository: str, reference: str, digest: str) -> tuple[str, str] | None:
        """Return the code and the message with which a manifest is refused, or None."""
        return None

    def do_GET(self) -> None:
        self.path, _, query = self.path.partition("?")
        self.query = dict(parse_qsl(query))
        self.body = self._read()
        self.server.requests.append((self.command, self.path))
        status = self.server.instead(self.command, self.path)
        if status is not None:
            self.refuse(status, "UNKNOWN", "what a test wants")
        elif self.has_own_page():
            return
        elif self.path in ("/v2/", "/v2"):
            if self.is_let_in("", "pull"):
                self.say(200, b"{}", "application/json")
        elif found := _PATH.fullmatch(self.path):
            self._at(found)
        else:
            self.refuse(404, "NAME_UNKNOWN", "there is no such page")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of the library

    def _at(self, found: "re.Match[str]") -> None:
        action = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(self.command, "push")
        if not self.is_let_in(found["repository"], action):
            return
        if found["tags"]:
            self._tell_tags(found["repository"])
        elif found["blob"]:
            self._at_blob(found["blob"])
        elif found["reference"]:
            self._at_manifest(found["repository"], found["reference"])
        else:
            self._at_upload(found["repository"], found["upload"])

    def _tell_tags(self, repository: str) -> None:
        names = sorted(tag for there, tag in self.server.contents.tags if there == repository)
        if not names:
            self.refuse(404, "NAME_UNKNOWN", f"repository {repository} is not found")
            return
        first = [name for name in names if name > self.query.get("last", "")]
        shown = first[: int(self.query.get("n", "100"))]
        headers = {}
        if len(shown) < len(first):
            headers["Link"] = f'<{self.path}?last={shown[-1]}&n={len(shown)}>; rel="next"'
        body = json.dumps({"name": repository, "tags": shown}).encode()
        self.say(200, body, "application/json", headers)

    def _at_blob(self, digest: str) -> None:
        blob = self.server.contents.blobs.get(digest)
        if blob is None:
            self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        else:
            headers = {"Docker-Content-Digest": digest}
            self.say(200, blob, "application/octet-stream", headers)

    def _at_manifest(self, repository: str, reference: str) -> None:
        contents = self.server.contents
        if self.command == "PUT":
            self._put_manifest(repository, reference)
            return
        digest = contents.digest(repository, reference)
        if digest is None:
            self.refuse(404, "MANIFEST_UNKNOWN", f"manifest tagged by {reference} is not found")
        elif self.command == "DELETE":
            del contents.manifests[repository, digest]
            for key in [key for key, held in contents.tags.items() if held == digest]:
                del contents.tags[key]
            self.say(202, b"", "application/json")
        else:
            body, kind = contents.manifests[repository, digest]
            self.say(200, body, kind, {"Docker-Content-Digest": digest})

    def _put_manifest(self, repository: str, reference: str) -> None:
        document: dict[str, Any] = json.loads(self.body)
        parts = [document.get("config"), *document.get("layers", [])]
        missing = [
            part["digest"]
            for part in parts
            if part and part["digest"] not in self.server.contents.blobs
        ]
        if missing:
            self.refuse(404, "MANIFEST_BLOB_UNKNOWN", f"blob {missing[0]} is unknown")
            return
        kind = self.headers["Content-Type"]
        if refused := self.why_not_put(repository, reference, digest_of(self.body)):
            self.refuse(400, *refused)
            return
        digest = self.server.contents.put_manifest(repository, reference, self.body, kind)
        place = f"/v2/{repository}/manifests/{digest}"
        self.say(201, b"", kind, {"Location": place, "Docker-Content-Digest": digest})

    def _at_upload(self, repository: str, upload: str) -> None:
        uploads = self.server.contents.uploads
        if self.command == "POST":
            upload = str(uuid.uuid4())
            uploads[upload] = b""
        if upload not in uploads:
            self.refuse(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        elif self.command == "DELETE":
            del uploads[upload]
            self.say(204, b"", "application/json")
        elif self.command == "PUT":
            self._end_upload(repository, uploads.pop(upload) + self.body)
        else:
            uploads[upload] += self.body
            headers = {
                "Location": f"/v2/{repository}/blobs/uploads/{upload}?_state=a%2Bb%3D",
                "Docker-Upload-UUID": upload,
                "Range": f"0-{max(0, len(uploads[upload]) - 1)}",
            }
            self.say(202, b"", "application/json", headers)

    def _end_upload(self, repository: str, blob: bytes) -> None:
        digest = digest_of(blob)
        if digest != self.query.get("digest"):
            self.refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        self.server.contents.blobs[digest] = blob
        place = f"/v2/{repository}/blobs/{digest}"
        headers = {"Location": place, "Docker-Content-Digest": digest}
        self.say(201, b"", "application/octet-stream", headers)

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def refuse(
        self, status: int, code: str, said: str, headers: dict[str, str] | None = None
    ) -> None:
        """Answer with an error."""
        document = {"errors": [{"code": code, "message": said, "detail": None}]}
        self.say(status, json.dumps(document).encode(), "application/json", headers)

    def say(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        """Answer."""
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Server", self.brand)
        for name, value in {**(headers or {}), "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""
