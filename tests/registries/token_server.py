"""A server that gives tokens for a registry, by Docker's token protocol, and keeps a record."""

import base64
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: The identity token that stands for every user, in exchange for which there is an access token.
IDENTITY_TOKEN = "identity-sentinel+token/8e2f=~"


class TokenServer(ThreadingHTTPServer):
    """Gives a token for what is asked to those who know a password; others get one for nothing."""

    daemon_threads = True

    def __init__(self, users: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.users = users
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        #: What it does instead of answering: status and body, for tests of servers that fail.
        self.instead: tuple[int, bytes] | None = None
        #: The status for those who ask to push, as some servers answer who may only read.
        self.pushing: int | None = None
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _self_signed(self._key)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def certificate(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def __enter__(self) -> "TokenServer":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()

    def token(self, user: str, scopes: list[str]) -> str:
        access = []
        for scope in " ".join(scopes).split():
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        now = int(time.time())
        claims = {
            "iss": "test-issuer",
            "aud": "test-registry",
            "sub": user,
            "nbf": now - 60,
            "exp": now + 300,
            "iat": now,
            "jti": str(time.monotonic_ns()),
            "access": access if user else [],
        }
        chain = {"x5c": [base64.b64encode(der).decode()]}
        return jwt.encode(claims, self._key, algorithm="ES256", headers=chain)


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_GET(self) -> None:
        fields = parse_qs(urlsplit(self.path).query)
        self.server.asked.append(("GET", fields))
        shown = self.headers.get("authorization", "")
        user = ""
        if shown:
            text = base64.b64decode(shown.removeprefix("Basic ")).decode()
            user, _, password = text.partition(":")
            if self.server.users.get(user) != password:
                self._say(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no " + text}]})
                return
        if self.server.pushing and "push" in str(fields.get("scope")):
            self._say(self.server.pushing, {"errors": [{"code": "DENIED", "message": "no"}]})
            return
        self._say(200, {"token": self.server.token(user, fields.get("scope", []))})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        fields = parse_qs(self.rfile.read(length).decode())
        self.server.asked.append(("POST", fields))
        is_known = fields.get("refresh_token") == [IDENTITY_TOKEN]
        if fields.get("grant_type") == ["refresh_token"] and is_known:
            token = self.server.token("holder", fields.get("scope", []))
            self._say(200, {"access_token": token, "expires_in": 300})
        else:
            self._say(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no"}]})

    def _say(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        if self.server.instead:
            status, body = self.server.instead
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens of the tests")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
