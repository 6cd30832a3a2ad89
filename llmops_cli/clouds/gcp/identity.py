"""Tokens that tell a service on Google Cloud who calls it, good for that service alone."""

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.http import Question, Web
from llmops_cli.errors import AccessError

_CREDENTIALS = "https://iamcredentials.googleapis.com"
#: Seconds for which a token is used again; Google gives them for an hour.
_SECONDS = 3000.0


@dataclass(frozen=True)
class Identity:
    """Gives such tokens to whoever an account is. Safe for several threads at once."""

    account: Account
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def token(self, audience: str) -> str:
        """Return a token for the service at an address.

        Raises:
            AccessError: Google gives none to an account of this kind.
        """
        with self._lock:
            until, token = self._kept.get(audience, (0.0, ""))
            if until < time.monotonic():
                token = self._asked(audience)
                self._kept[audience] = (time.monotonic() + _SECONDS, token)
            return token

    def _asked(self, audience: str) -> str:
        credential = self.account.credentials
        # A person's login gives one with every access token; Cloud Run takes it for any service.
        self.account.token()
        own = getattr(credential, "id_token", None)
        if own:
            return str(own)
        with self.account.told("give a token for the service"):
            made = _made(credential, audience)
            if made is not None:
                from google.auth.transport.requests import Request

                made.refresh(Request())
                return str(made.token)
        email = getattr(credential, "service_account_email", None)
        if not email:
            raise AccessError(
                f"Google gives {self.account.origin} no token that a service would take.",
                state="Nothing was changed.",
                next_step="Use a service account (impersonation, or a workload identity that acts "
                "as one), or set public = true.",
            )
        return self._of_account(str(email), audience)

    def _of_account(self, email: str, audience: str) -> str:
        """Return the token of a service account that we act as."""
        info = getattr(self.account.credentials, "info", None) or {}
        url = str(info.get("service_account_impersonation_url") or _CREDENTIALS)
        web = Web(self.account, url.partition("/v1/")[0])
        answer = web.ask(
            Question(
                f"get a token of {email}",
                "POST",
                f"/v1/projects/-/serviceAccounts/{email}:generateIdToken",
                body=json.dumps({"audience": audience, "includeEmail": True}),
            )
        )
        token = answer.document.get("token")
        if not token:
            raise AccessError(
                f"Google gives no token of {email}.",
                evidence=answer.said,
                next_step="gcloud iam service-accounts add-iam-policy-binding "
                f"{email} --member=serviceAccount:{email} "
                "--role=roles/iam.serviceAccountOpenIdTokenCreator",
            )
        return str(token)


def _made(credential: Any, audience: str) -> Any:
    """Return what makes such tokens of a key or of a machine; None for others."""
    from google.auth import compute_engine
    from google.auth.transport.requests import Request
    from google.oauth2 import service_account

    if isinstance(credential, service_account.Credentials):
        return service_account.IDTokenCredentials(
            credential.signer,
            credential.service_account_email,
            credential._token_uri,
            target_audience=audience,
        )
    if isinstance(credential, compute_engine.Credentials):
        return compute_engine.IDTokenCredentials(
            Request(), target_audience=audience, use_metadata_identity_endpoint=True
        )
    return None
