"""Sends the few paths that must be fast straight to their applications, past the framework."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.exchange import current


class Dispatch:
    """ASGI application. A POST to one of ``fast`` goes to its application, all else to ``app``.

    The framework's routes of the same paths still answer what is not a POST.
    """

    def __init__(self, app: ASGIApp, fast: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._fast = fast

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            fast = self._fast.get(path)
            if fast is not None:
                exchange = current.get()
                assert exchange is not None, "the envelope is around this"
                exchange.route = path
                await fast(scope, receive, send)
                return
        await self._app(scope, receive, send)
