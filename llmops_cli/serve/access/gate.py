"""The gate: every path that is not listed as open needs a key or a login token."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.access.caller import PLATFORM
from llmops_cli.serve.access.keyring import Keyring
from llmops_cli.serve.exchange import current
from llmops_cli.serve.faults import openai_error

#: What probes and deploy tools ask without a credential, and where one logs in.
OPEN_PATHS = frozenset(
    {
        *("/health", "/health/live", "/health/ready", "/health/detailed", "/version"),
        *("/api/v1/health", "/robots.txt"),
        *("/auth/login", "/auth/health", "/token"),
    }
)

#: Is in the scope of a request whose sender the platform has let in before it came to us.
LET_IN = "llmops.let_in"

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_REFUSAL = "Missing or wrong API key: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"


class Gate:
    """ASGI middleware that answers 401 to a request without a credential, before any route sees it.

    It stands before the routes and not in them, so that a route which is added later is closed
    until somebody opens it.
    """

    def __init__(
        self, app: ASGIApp, keyring: Keyring, open_paths: frozenset[str] = OPEN_PATHS
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if self._may_pass(scope):
            await self._app(scope, receive, send)
        else:
            await _refusal(scope["path"])(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if scope["type"] == "lifespan" or scope["path"] in self._open_paths:
            return True
        caller = PLATFORM if LET_IN in scope else self._keyring.caller(scope["headers"])
        exchange = current.get()
        if caller is not None and exchange is not None:
            exchange.caller = caller
        return caller is not None


def _refusal(path: str) -> JSONResponse:
    if path.startswith("/v1/"):
        return openai_error(401, _REFUSAL, code="invalid_api_key", headers=_CHALLENGE)
    return JSONResponse({"detail": _REFUSAL}, 401, _CHALLENGE)
