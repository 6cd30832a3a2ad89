"""Access tokens: who is given them for which proof, and how long they are good."""

import json
import secrets as chance
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.call import Call, Reply

PROJECT = "demo-project"
NUMBER = "123456789012"
ACCOUNT = f"deployer@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE = (
    f"//iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/github"
    "/providers/github"
)
_STS = "urn:ietf:params:oauth:"


@dataclass
class Tokens:
    """Gives tokens at the fake's own address. ``proof`` is what stands for GitHub's token."""

    url: str
    proof: str = field(default_factory=lambda: _jwt({"sub": "repo:acme/chat:ref:refs/heads/main"}))
    given: dict[str, float] = field(default_factory=dict)
    #: Seconds that a new token is good for.
    seconds: int = 3600
    exchanges: int = 0

    def token(self, seconds: int | None = None) -> str:
        """Return a new access token."""
        made = "ya29." + chance.token_urlsafe(48)
        self.given[made] = time.time() + (self.seconds if seconds is None else seconds)
        return made

    def expire(self) -> None:
        """Let all tokens that were given until now be refused."""
        self.given = dict.fromkeys(self.given, 0.0)

    def trouble_with(self, headers: Mapping[str, str]) -> str | None:
        """Return what is wrong with the token that a request shows, or None."""
        kind, _, shown = (headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer" or not shown:
            return "Expected OAuth 2 access token, login cookie or other valid credential."
        return self.trouble(shown)

    def trouble(self, token: str) -> str | None:
        """Return what is wrong with a token, or None."""
        until = self.given.get(token)
        if until is None:
            return "The access token is none of ours."
        return None if until > time.time() else "The access token has expired."

    def exchanged(self, call: Call) -> Reply:
        """Answer the Security Token Service: a token of ours for one of GitHub's."""
        self.exchanges += 1
        asked = call.body or {}
        if asked.get("grant_type") != f"{_STS}grant-type:token-exchange":
            return _no("unsupported_grant_type", "Invalid grant type")
        if asked.get("audience") != AUDIENCE:
            return _no("invalid_target", "The target service indicated by the audience is invalid.")
        if asked.get("subject_token") != self.proof:
            return _no(
                "invalid_grant", "The given credential is rejected by the attribute condition."
            )
        kind = f"{_STS}token-type:access_token"
        return Reply(
            200,
            {
                "access_token": self.token(),
                "issued_token_type": kind,
                "token_type": "Bearer",
                "expires_in": self.seconds,
            },
        )

    def impersonated(self, call: Call) -> Reply:
        """Answer IAM Credentials: a token of a service account for one that may act as it."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.seconds))
        return Reply(200, {"accessToken": self.token(), "expireTime": moment})

    def write(self, folder: Path, *, is_account: bool = True) -> Path:
        """Write credentials as an action of GitHub does, and return their file.

        They are those of a service account, unless the identity itself is let in.
        """
        (folder / "github.token").write_text(self.proof)
        document: dict[str, Any] = {
            "type": "external_account",
            "audience": AUDIENCE,
            "subject_token_type": f"{_STS}token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {"file": str(folder / "github.token")},
        }
        if is_account:
            path = f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
            document["service_account_impersonation_url"] = self.url + path
        file = folder / "credentials.json"
        file.write_text(json.dumps(document))
        return file


def _no(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})


def _jwt(claims: Mapping[str, str]) -> str:
    whole = {"iss": "https://token.actions.githubusercontent.com", "aud": AUDIENCE, **claims}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, whole)]
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])
