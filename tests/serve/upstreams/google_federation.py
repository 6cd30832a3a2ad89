"""What exchanges a token of Entra ID for one of Google: an identity endpoint, STS, impersonation.

The token of Entra is a signed one, and the pool's provider verifies it as it is set up to.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

HEADER = "identity-header-2c9a"
TENANT = "11111111-2222-3333-4444-555555555555"
ISSUER = f"https://sts.windows.net/{TENANT}/"
RESOURCE = "api://google-federation"
#: The object of the app's identity in Entra ID, and the id that its client has.
OBJECT = "aaaaaaaa-0000-0000-0000-000000000001"
CLIENT = "bbbbbbbb-0000-0000-0000-000000000001"
AUDIENCE = (
    "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/azure"
    "/providers/azure"
)
ACCOUNT = "chat@example.iam.gserviceaccount.com"
_SIGNING = "the key with which the tenant signs its tokens"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Federation:
    """Whom the provider trusts, and what was handed out. ``identities``: client id to object id."""

    port: int
    trusts: str = OBJECT
    identities: dict[str, str] = field(default_factory=lambda: {CLIENT: OBJECT})
    issued: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def document(self, **more: object) -> dict[str, object]:
        """The file, as `gcloud iam workload-identity-pools create-cred-config` writes it."""
        source = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
        return {
            "universe_domain": "googleapis.com",
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {
                "url": f"{source}&resource={RESOURCE}",
                "headers": {"Metadata": "True"},
                "format": {"type": "json", "subject_token_field_name": "access_token"},
            },
            **more,
        }

    def variables(self) -> dict[str, str]:
        """What Container Apps tells a process that has a user-assigned identity."""
        return {
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": HEADER,
            "AZURE_CLIENT_ID": CLIENT,
            "HOME": "/nonexistent",
        }


class _Handler(BaseHTTPRequestHandler):
    federation: Federation

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        identity = self.federation.identities.get(query.get("client_id", ""))
        is_known = self.headers.get("X-IDENTITY-HEADER") == HEADER and identity
        if not is_known or query.get("api-version") != "2019-08-01":
            self._answer(400, {"statusCode": 400, "message": "No identity", "seen": query})
            return
        claims = {"iss": ISSUER, "aud": query["resource"], "sub": identity, "tid": TENANT}
        token = jwt.encode({**claims, "exp": time.time() + 3600}, _SIGNING, "HS256")
        self._answer(200, {"access_token": token, "token_type": "Bearer"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if urlsplit(self.path).path == "/v1/token":
            self._exchange({name: values[0] for name, values in parse_qs(body).items()})
        else:
            self._impersonate()

    def _exchange(self, form: dict[str, str]) -> None:
        """Verify as Google's STS does: the provider's issuer, audience and attribute condition."""
        try:
            assert (form["grant_type"], form["audience"]) == (_EXCHANGE, AUDIENCE)
            claims = jwt.decode(
                form["subject_token"],
                _SIGNING,
                algorithms=["HS256"],
                audience=RESOURCE,
                issuer=ISSUER,
            )
            assert claims["sub"] == self.federation.trusts
        except (AssertionError, KeyError, jwt.InvalidTokenError) as error:
            self.federation.refused.append(repr(error))
            self._answer(400, {"error": "invalid_grant", "error_description": form})
            return
        self._answer(
            200,
            {
                "access_token": self._token("federated"),
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 3600,
            },
        )

    def _impersonate(self) -> None:
        shown = self.headers["Authorization"].removeprefix("Bearer ")
        if shown not in self.federation.issued or ACCOUNT not in self.path:
            self._answer(403, {"error": {"code": 403, "message": "no"}})
            return
        end = datetime.now(UTC) + timedelta(hours=1)
        token = self._token("impersonated")
        self._answer(200, {"accessToken": token, "expireTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"})

    def _token(self, kind: str) -> str:
        self.federation.issued.append(f"google-token-{len(self.federation.issued)}-{kind}")
        return self.federation.issued[-1]

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Federation]:
    """Run all of them on a free port of the loopback address."""
    handler = type("FederationHandler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.federation = Federation(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.federation
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
