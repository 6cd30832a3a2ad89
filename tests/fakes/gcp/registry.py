"""A registry of Google Cloud (Artifact Registry): who is let in shows an access token."""

import ssl
from base64 import b64decode
from binascii import Error as NotBase64

from tests.fakes.gcp.tokens import Tokens
from tests.fakes.registry import RegistryServer
from tests.fakes.registry_pages import Pages

#: The user that stands for "the password is an access token".
USER = "oauth2accesstoken"
_RIGHTS = {"pull": "downloadArtifacts", "push": "uploadArtifacts", "delete": "deleteArtifacts"}


class Registry(RegistryServer):
    """A registry at ``localhost:PORT``. ``rights`` are those of whoever shows a token."""

    tokens: Tokens

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context, ArtifactPages)
        self.rights = {"pull", "push", "delete"}
        self.__enter__()

    def renew(self, tokens: Tokens) -> None:
        """Forget everything, and believe the tokens of another cloud, for the next test."""
        self.empty()
        self.tokens = tokens
        self.rights = {"pull", "push", "delete"}


class ArtifactPages(Pages):
    """Its pages."""

    brand = ""
    server: Registry  # type: ignore[assignment]

    def is_let_in(self, repository: str, action: str) -> bool:
        """Whether the client shows a token, and may do that; if not, it was told already."""
        trouble = self._trouble()
        if trouble is not None:
            challenge = {"WWW-Authenticate": f'Basic realm="https://{self.server.host}"'}
            self.refuse(401, "UNAUTHORIZED", f"authentication failed: {trouble}", challenge)
            return False
        if action not in self.server.rights:
            right = f"artifactregistry.repositories.{_RIGHTS[action]}"
            said = f'Permission "{right}" denied on resource "{repository}" (or it may not exist)'
            self.refuse(403, "DENIED", said)
            return False
        return True

    def _trouble(self) -> str | None:
        kind, _, shown = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return self.server.tokens.trouble(shown)
        try:
            user, _, password = b64decode(shown, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return "no credentials"
        if kind != "Basic" or user != USER:
            return "no credentials"
        return self.server.tokens.trouble(password)
