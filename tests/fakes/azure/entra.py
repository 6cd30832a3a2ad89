"""Entra ID: gives tokens for a secret or an assertion, and says of a token why it is no good."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.call import Call, Reply

TENANT = "aaaaaaaa-0000-4000-8000-00000000000a"
CLIENT = "cccccccc-0000-4000-8000-00000000000c"
OBJECT = "dddddddd-0000-4000-8000-00000000000d"
#: Names that one audience goes by.
_SAME = {"https://management.core.windows.net": "https://management.azure.com"}
AUDIENCES = (
    "https://management.azure.com",
    "https://vault.azure.net",
    "https://containerregistry.azure.net",
)


@dataclass
class Entra:
    """Gives tokens. ``seconds`` is how long those that are given from now on are good for."""

    url: str
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    seconds: int = 3600
    #: Assertions that are believed; None believes any that looks like a token.
    assertions: set[str] | None = None
    given: int = 0
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _revoked: set[str] = field(default_factory=set)
    _ids: set[str] = field(default_factory=set)

    def token(self, audience: str, seconds: int | None = None, **claims: Any) -> str:
        """Return a token for an audience."""
        now, name = int(time.time()), secrets.token_hex(8)
        who = {"tid": TENANT, "oid": OBJECT, "appid": CLIENT, "jti": name}
        when = {"iat": now, "nbf": now, "exp": now + (seconds or self.seconds)}
        self._ids.add(name)
        self.given += 1
        head = _text({"typ": "JWT", "alg": "HS256"})
        signed = f"{head}.{_text({'aud': _plain(audience), **who, **when, **claims})}"
        return f"{signed}.{self._signature(signed)}"

    def expire(self) -> None:
        """Let every token that was given until now be no good any more."""
        self._revoked |= self._ids

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return what a token of ours says, or None if it is not ours."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(signed)):
            return None
        text = signed.partition(".")[2]
        return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))

    def audience_of(self, token: str) -> str | None:
        """Return whom a token is for, or None if it is no good."""
        claims = self.claims(token)
        if claims is None or self._is_over(claims):
            return None
        return str(claims["aud"])

    def trouble_with(self, headers: Mapping[str, str], audience: str) -> tuple[str, str] | None:
        """Return code and message of what is wrong with the token of a request, or None."""
        kind, _, token = headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            return "AuthenticationFailed", "Authentication failed. The header is missing."
        claims = self.claims(token)
        if claims is None:
            return "InvalidAuthenticationToken", "The access token is invalid."
        if self._is_over(claims):
            return "ExpiredAuthenticationToken", "The access token expired."
        if claims["aud"] != _plain(audience):
            message = f"The audience '{claims['aud']}' is none of the service's."
            return "InvalidAuthenticationTokenAudience", message
        return None

    def answer(self, call: Call) -> Reply:
        """Answer a request to the authority."""
        if call.path.endswith("/.well-known/openid-configuration"):
            return Reply(200, self._configuration())
        if call.path.endswith("/oauth2/v2.0/token") and call.method == "POST":
            return self._give(call)
        return Reply(404, {"error": "not_found", "error_description": call.path})

    def _is_over(self, claims: Mapping[str, Any]) -> bool:
        return bool(claims["exp"] <= time.time() or claims["jti"] in self._revoked)

    def _give(self, call: Call) -> Reply:
        form = call.body if isinstance(call.body, dict) else {}
        if call.path.split("/")[1].lower() != TENANT:
            return _refused("invalid_request", "AADSTS90002: Tenant not found.", 400)
        if form.get("client_id", "").lower() != CLIENT:
            return _refused("unauthorized_client", "AADSTS700016: Application was not found.", 400)
        if trouble := self._proof(form):
            return _refused("invalid_client", trouble, 401)
        audience = form.get("scope", "").split(" ")[0].removesuffix("/.default")
        if _plain(audience) not in AUDIENCES:
            return _refused("invalid_resource", f"AADSTS500011: No resource {audience}.", 400)
        given = {"access_token": self.token(audience), "token_type": "Bearer"}
        lives = {"expires_in": self.seconds, "ext_expires_in": self.seconds}
        return Reply(200, {**given, **lives}, {"Cache-Control": "no-store"})

    def _proof(self, form: Mapping[str, str]) -> str:
        kind = form.get("grant_type")
        if kind == "refresh_token":
            is_ours = self.claims(form.get("refresh_token", "")) is not None
            return "" if is_ours else "AADSTS70000: The refresh token is not valid."
        if kind != "client_credentials":
            return f"AADSTS70003: The grant type {kind} is not supported."
        if "client_assertion" in form:
            assertion = form["client_assertion"]
            is_known = assertion.count(".") == 2 if self.assertions is None else False
            is_believed = is_known or assertion in (self.assertions or ())
            return "" if is_believed else "AADSTS700213: No federated identity record was found."
        is_right = form.get("client_secret") == self.client_secret
        return "" if is_right else "AADSTS7000215: Invalid client secret provided."

    def _configuration(self) -> dict[str, Any]:
        authority = f"{self.url}/{TENANT}"
        return {
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            "issuer": f"{authority}/v2.0",
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
            "tenant_region_scope": "EU",
            "cloud_instance_name": urlsplit(self.url).netloc,
        }

    def _signature(self, signed: str) -> str:
        made = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _plain(audience: str) -> str:
    plain = audience.rstrip("/").lower()
    return _SAME.get(plain, plain)


def _text(document: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _refused(error: str, description: str, status: int) -> Reply:
    return Reply(status, {"error": error, "error_description": description, "error_codes": []})
