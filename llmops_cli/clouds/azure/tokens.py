"""Tokens of Entra ID: asked for once, whichever of the clients needs them, and renewed in time."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from llmops_cli.clouds.azure.trouble import said
from llmops_cli.errors import AccessError

if TYPE_CHECKING:
    from azure.core.credentials import (
        AccessToken,
        AccessTokenInfo,
        SupportsTokenInfo,
        TokenRequestOptions,
    )
    from azure.core.pipeline.policies import HTTPPolicy

#: Seconds before its end at which a token is not used any more; Azure's clients have the same.
_MARGIN = 300
_UNAUTHORIZED = 401


@dataclass
class Tokens:
    """A credential, as the clients of Azure take one, that remembers what it was given.

    ``make`` makes the one that asks; ``origin`` says in words who we are by it, and ``remedy`` what
    to do where it gives nothing.
    """

    make: Callable[[], "SupportsTokenInfo"]
    origin: str
    remedy: str
    _kept: dict[tuple[object, ...], "AccessTokenInfo"] = field(default_factory=dict, repr=False)
    _credential: "SupportsTokenInfo | None" = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def get_token_info(
        self, *scopes: str, options: "TokenRequestOptions | None" = None
    ) -> "AccessTokenInfo":
        """Return a token that is good for some minutes at least.

        Raises:
            AccessError: Entra ID gives none.
        """
        wanted: TokenRequestOptions = {**(options or {})}
        # Not asked for by all clients, and what is asked for differently is asked for twice.
        wanted.pop("enable_cae", None)
        key = (*scopes, wanted.get("tenant_id"))
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or wanted.get("claims") or kept.expires_on - time.time() < _MARGIN:
                kept = self._kept[key] = self._asked(scopes, wanted)
            return kept

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Return the same in the older form."""
        from azure.core.credentials import AccessToken

        found = self.get_token_info(*scopes, options=cast("TokenRequestOptions", options))
        return AccessToken(found.token, found.expires_on)

    def forget(self) -> None:
        """Ask anew next time: a token that should be good is refused."""
        with self._lock:
            self._kept.clear()
            # It remembers tokens too.
            self._credential = None

    def close(self) -> None:
        """Nothing is open."""

    def _asked(self, scopes: tuple[str, ...], options: "TokenRequestOptions") -> "AccessTokenInfo":
        from azure.core.exceptions import AzureError

        _be_quiet()
        if self._credential is None:
            self._credential = self.make()
        try:
            return self._credential.get_token_info(*scopes, options=options)
        except AzureError as error:
            raise AccessError(
                f"Entra ID gives no token to {self.origin}.",
                evidence=said(error),
                state="Nothing was changed.",
                next_step=self.remedy,
            ) from error


def renewing(tokens: Tokens) -> "HTTPPolicy[Any, Any]":
    """Return what asks for a new token, once, where one is refused that should be good.

    It may have been revoked, or the clock of this machine be wrong.
    """
    from azure.core.pipeline.policies import HTTPPolicy

    class Renewing(HTTPPolicy[Any, Any]):
        def send(self, request: Any) -> Any:
            response = self.next.send(request)
            if response.http_response.status_code != _UNAUTHORIZED:
                return response
            tokens.forget()
            return self.next.send(request)

    return Renewing()


def _be_quiet() -> None:
    # What these would write to stderr is told in our own errors.
    for name in ("azure", "msal"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
