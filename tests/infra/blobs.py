"""The account that keeps Terraform's state: blobs with leases, for the backend `azurerm`.

Terraform itself reaches it by HTTPS_PROXY, under Azure's own names, with a throw-away certificate
that SSL_CERT_FILE makes it trust. So its own backend runs, locks and all.
"""

import base64
import io
import json
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NAMES = ("*.blob.core.windows.net", "login.microsoftonline.com", "management.azure.com")


@dataclass
class Blob:
    """A blob: what it holds, what is noted with it, and who has it leased."""

    content: bytes = b""
    metadata: dict[str, str] = field(default_factory=dict)
    lease: str | None = None


@dataclass
class Blobs:
    """What the account holds, by host and path; ``refusals`` are given before it answers."""

    held: dict[str, Blob] = field(default_factory=dict)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def state(self, name: str) -> dict[str, Any]:
        """Return a state that Terraform has written, by the name of its blob."""
        [found] = [blob for path, blob in self.held.items() if path.endswith(f"/{name}")]
        return json.loads(found.content)

    def lock(self, name: str, who: str) -> None:
        """Take the lock as another Terraform would, which says who it is."""
        [found] = [blob for path, blob in self.held.items() if path.endswith(f"/{name}")]
        note = {
            "ID": "5c0ffee5-0000-4000-8000-000000000000",
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": who,
            "Version": "1.11.4",
            "Created": "2026-11-21T10:00:00Z",
            "Path": "",
        }
        found.metadata["terraformlockid"] = base64.b64encode(json.dumps(note).encode()).decode()
        found.lease = note["ID"]

    @property
    def locked(self) -> list[str]:
        """The blobs that somebody holds the lock of."""
        return [path for path, blob in self.held.items() if blob.lease]


@contextmanager
def serving_blobs(folder: Path) -> Iterator[Blobs]:
    """Serve an account; ``environment`` is what a program needs to reach it."""
    blobs = Blobs()
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = type("Handler", (_Handler,), {"blobs": blobs, "context": context})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    blobs.environment |= {
        "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}",
        "NO_PROXY": "",
        "SSL_CERT_FILE": str(certificate),
    }
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield blobs
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    blobs: Blobs
    context: ssl.SSLContext
    host = ""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        with self.context.wrap_socket(self.connection, server_side=True) as inner:
            self.rfile.close()
            with (
                inner.makefile("rb") as self.rfile,
                inner.makefile("wb", buffering=0) as self.wfile,
            ):
                self.close_connection = False
                while not self.close_connection:
                    self.handle_one_request()
        # What follows would flush it once more.
        self.wfile = io.BytesIO()

    def do_POST(self) -> None:
        self._body()
        claims = {"tid": "t", "oid": "o", "appid": "a", "exp": 4102444800}
        part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        token = {"access_token": f"e30.{part}.x", "expires_in": 3600, "token_type": "Bearer"}
        self._answer(200, json.dumps(token).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        if self._refused():
            return
        query = parse_qs(urlsplit(self.path).query)
        if query.get("comp") == ["list"]:
            self._answer(200, self._listing(), {"Content-Type": "application/xml"})
        else:
            self._show()

    def do_HEAD(self) -> None:
        if not self._refused():
            self._show()

    def do_PUT(self) -> None:
        body = self._body()
        if self._refused():
            return
        what = parse_qs(urlsplit(self.path).query).get("comp", ["blob"])[0]
        blob = self.blobs.held.get(self._name)
        lease = self.headers.get("x-ms-lease-id")
        if blob is None and what != "blob":
            self._error(404, "BlobNotFound")
        elif what == "lease" and blob:
            self._lease(blob)
        elif blob and blob.lease and blob.lease != lease:
            self._error(412, "LeaseIdMissing")
        elif what == "metadata" and blob:
            blob.metadata = self._metadata()
            self._answer(200)
        else:
            held = self.blobs.held.setdefault(self._name, Blob())
            held.content, held.metadata = body, self._metadata()
            self._answer(201)

    @property
    def _name(self) -> str:
        return self.host + urlsplit(self.path).path

    def _lease(self, blob: Blob) -> None:
        action = self.headers["x-ms-lease-action"]
        if action == "acquire" and blob.lease:
            self._error(409, "LeaseAlreadyPresent")
        elif action == "acquire":
            blob.lease = self.headers.get("x-ms-proposed-lease-id") or str(uuid.uuid4())
            self._answer(201, headers={"x-ms-lease-id": blob.lease})
        else:
            blob.lease = None
            self._answer(200 if action == "release" else 202)

    def _show(self) -> None:
        blob = self.blobs.held.get(self._name)
        if blob is None:
            return self._error(404, "BlobNotFound")
        headers = {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
        headers["x-ms-lease-status"] = "locked" if blob.lease else "unlocked"
        headers["x-ms-blob-type"] = "BlockBlob"
        return self._answer(200, blob.content, headers)

    def _listing(self) -> bytes:
        names = [name.rpartition("/")[2] for name in self.blobs.held if name.startswith(self.host)]
        items = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in names)
        text = f"<EnumerationResults><Blobs>{items}</Blobs><NextMarker/></EnumerationResults>"
        return b'<?xml version="1.0" encoding="utf-8"?>' + text.encode()

    def _metadata(self) -> dict[str, str]:
        prefix = "x-ms-meta-"
        found = {name.lower(): value for name, value in self.headers.items()}
        return {n[len(prefix) :]: v for n, v in found.items() if n.startswith(prefix)}

    def _refused(self) -> bool:
        self.blobs.asked.append(f"{self.command} {self._name}")
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._error(403, "AuthenticationFailed")
            return True
        if self.blobs.refusals:
            self._error(*self.blobs.refusals.pop(0))
            return True
        return False

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _error(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        body = b'<?xml version="1.0" encoding="utf-8"?>' + text.encode()
        self._answer(status, body, {"x-ms-error-code": code, "Content-Type": "application/xml"})

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("x-ms-version", "2023-11-03")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for Azure's names that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a cloud for tests")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in _NAMES])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "cloud.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file
