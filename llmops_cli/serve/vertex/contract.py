"""The contract of a custom container on Vertex AI, around the whole API."""

import contextlib
import json

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from llmops_cli.serve.limits.body import BodyLimit
from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect
from llmops_cli.serve.openai_api.routes import CHAT_COMPLETIONS, read_body
from llmops_cli.serve.vertex import inner, instances, wrapped
from llmops_cli.serve.vertex.faults import refusal
from llmops_cli.serve.vertex.settings import VertexSettings

_READY = "/health/ready"


class Contract:
    """ASGI middleware that answers the two routes of Vertex AI, and passes all else on.

    What comes by the predict route becomes requests to the API's own routes: each has its own log
    line, and passes its limits, as any other has.
    """

    def __init__(
        self, app: ASGIApp, settings: VertexSettings, release: str, *, max_body_bytes: int
    ) -> None:
        self._app = app
        self._settings = settings
        self._release = release
        self._max_body_bytes = max_body_bytes
        # A body of the API's own size fits, packed as one in a wrapped request is.
        self._bounded = BodyLimit(self._predict, max_body_bytes * 3 // 2 + 65536)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, to where it belongs."""
        if scope["type"] == "http":
            path, method = scope["path"], scope["method"]
            if path == self._settings.predict_route and method == "POST":
                # A client that left before its question was whole is owed no answer.
                with contextlib.suppress(ClientDisconnect):
                    await self._bounded(scope, receive, send)
                return
            if path == self._settings.health_route and method in ("GET", "HEAD"):
                scope = {**scope, "path": _READY, "raw_path": _READY.encode()}
        await self._app(scope, receive, send)

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            await refusal(400, "The request body must be a JSON object")(scope, receive, send)
        elif wrapped.KEY in document:
            await self._unwrap(document[wrapped.KEY], scope, receive, send)
        elif "instances" in document:
            await self._predictions(document, scope, receive, send)
        else:
            request = inner.Request("POST", CHAT_COMPLETIONS, body, is_let_in=True)
            await self._app(request.scope(scope), request.receiving(receive), send)

    async def _predictions(
        self, document: dict[str, object], scope: Scope, receive: Receive, send: Send
    ) -> None:
        # One client for all instances: none of them may take its leaving for itself.
        own = {**scope, "extensions": {}}
        answer: Response | None = None
        async with cancelled_by_disconnect(scope, receive):
            answer = await instances.predictions(self._app, own, document)
        if answer is not None:
            await answer(scope, receive, send)

    async def _unwrap(self, document: object, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            asked = wrapped.read(document, self._max_body_bytes)
        except ValueError as error:
            await refusal(400, str(error))(scope, receive, send)
            return
        framed = wrapped.framed(send)
        if asked.release and asked.release != self._release:
            detail = f"{self._release} answers here, not {asked.release[:128]}"
            named = {"x-release": self._release}
            other = JSONResponse({"detail": detail}, wrapped.MISDIRECTED, named)
            await other(scope, receive, framed)
            return
        request = asked.request
        await self._app(request.scope(scope), request.receiving(receive), framed)
