"""Who one is, and how one logs in where that is possible."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve.access.settings import AccessSettings
from llmops_cli.serve.exchange import current
from llmops_cli.serve.routing import TemplatedRoute


def routes(settings: AccessSettings) -> list[TemplatedRoute]:
    """Return the routes under /auth, and /token; without users there is nothing to log in to."""
    found = [TemplatedRoute("/auth/me", _me), TemplatedRoute("/auth/health", _health)]
    if settings.login:
        from llmops_cli.serve.access import login

        found += login.routes(settings.login)
    return found


async def _me(request: Request) -> Response:
    exchange = current.get()
    assert exchange is not None, "the envelope is around this"
    return JSONResponse({"username": exchange.caller.name, "role": exchange.caller.role})


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "healthy", "service": "auth"})
