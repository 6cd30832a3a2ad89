"""Has a start that fails for want of a store end with one line, instead of a traceback."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve.sessions.session import StoreError


class PlainFailure:
    """ASGI middleware around the lifespan: the message of a StoreError is all that is reported."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on. Any other failure of the start is raised as it is."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _without_traceback(send))
        except StoreError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})


def _without_traceback(send: Send) -> Send:
    async def passed_on(message: Message) -> None:
        if message["type"] != "lifespan.startup.failed":
            await send(message)

    return passed_on
