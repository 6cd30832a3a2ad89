"""What we show an upstream so that it lets us in: a key, or a token of the cloud we run in."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol

from llmops_cli.serve.models.chat import UpstreamRefusedUsError
from llmops_cli.serve.upstreams import federation
from llmops_cli.serve.upstreams.settings import UpstreamSettings

_log = logging.getLogger("llmops.serve")

#: Seconds before its end at which a token is replaced; the issuers' own libraries use the same.
_EARLY = 300.0
#: Seconds after which fetching a token is given up.
_FETCH_SECONDS = 20.0
_GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Credential(Protocol):
    """Gives the header line, with its line end, that carries a credential; b"" for none."""

    async def line(self) -> bytes:
        """Return the line. Raises UpstreamRefusedUsError when there is no credential to be had."""
        ...

    def rejected(self) -> None:
        """Note that the upstream has refused the credential."""
        ...


class Key:
    """A key that never changes."""

    def __init__(self, header: str, key: str) -> None:
        value = f"Bearer {key}" if header.lower() == "authorization" else key
        self._line = f"{header}: {value}\r\n".encode() if key else b""

    async def line(self) -> bytes:
        """Return the line."""
        return self._line

    def rejected(self) -> None:
        """Do nothing: there is no other key."""


@dataclass(frozen=True)
class Token:
    """A bearer token and the time, in seconds since the epoch, at which it ends."""

    value: str
    ends_at: float


class CloudToken:
    """A token that is fetched when needed, kept, and replaced before it ends.

    ``fetch`` blocks and runs in a thread; however many requests wait, it runs once at a time.
    """

    def __init__(self, name: str, fetch: Callable[[], Token]) -> None:
        self._name = name
        self._fetch = fetch
        self._line = b""
        self._ends_at = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def line(self) -> bytes:
        """Return the line, waiting only when there is no token that is still good."""
        now = time.time()
        if now > self._ends_at - _EARLY:
            fetching = self._start()
            if now >= self._ends_at:
                # Shielded: the request that waits may be cancelled, the others wait on.
                await asyncio.shield(fetching)
        if time.time() >= self._ends_at:
            raise UpstreamRefusedUsError(f"There is no {self._name} credential for the upstream")
        return self._line

    def rejected(self) -> None:
        """Forget the token: its permissions may have changed."""
        self._ends_at = 0.0

    def _start(self) -> "asyncio.Task[None]":
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._renew())
        return self._fetching

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                token = await asyncio.to_thread(self._fetch)
        except Exception as error:  # noqa: BLE001 - each library has a tree of its own
            # Not the message: it may repeat what the issuer said.
            _log.error("No %s token: %s", self._name, type(error).__name__)
            return
        self._line = f"Authorization: Bearer {token.value}\r\n".encode()
        self._ends_at = token.ends_at


def credential_for(settings: UpstreamSettings) -> Credential:
    """Return the credential for an upstream. Nothing is fetched before it is needed."""
    if settings.auth == "entra":
        return CloudToken("Entra ID", _entra(settings.scope))
    if settings.auth == "google":
        return CloudToken("Google", _google(settings.federation))
    return Key(settings.header, settings.key)


def _entra(scope: str) -> Callable[[], Token]:
    from azure.identity import DefaultAzureCredential

    # Its own lines repeat requests and what the issuer said to them.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    # Managed or workload identity where there is one, on a laptop whoever is logged in.
    credential = DefaultAzureCredential()

    def fetch() -> Token:
        token = credential.get_token(scope)
        return Token(token.token, float(token.expires_on))

    return fetch


def _google(described: Mapping[str, Any] | None) -> Callable[[], Token]:
    from google.auth.transport.requests import Request

    def fetch() -> Token:
        credentials = _google_credentials(described)
        credentials.refresh(Request())
        assert credentials.token, "it has been refreshed"
        assert credentials.expiry, "it has been refreshed"
        return Token(credentials.token, credentials.expiry.replace(tzinfo=UTC).timestamp())

    return fetch


def _google_credentials(described: Mapping[str, Any] | None) -> Any:
    import google.auth
    from google.auth import identity_pool

    scopes = [_GOOGLE_SCOPE]
    if described is None or not federation.applies():
        return google.auth.default(scopes=scopes)[0]
    exchange = federation.sourced(described, os.environ)
    # Not `load_credentials_from_dict`: it also asks another service for the name of the project.
    return identity_pool.Credentials.from_info(exchange, scopes=scopes)
