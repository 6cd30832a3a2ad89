"""The OpenAI dialect: the list of models, and chat completions passed through to them."""

import time
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.models.chat import ChatModel, ModelError
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.openai_api import request as chat_request
from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect
from llmops_cli.serve.openai_api.relay import relay
from llmops_cli.serve.openai_api.request import ChatRequestError
from llmops_cli.serve.routing import TemplatedRoute

CHAT_COMPLETIONS = "/v1/chat/completions"
_NO_MODEL = "model_not_found"


def routes(models: Models) -> list[TemplatedRoute]:
    """Return the routes under /v1, without the hot path, which comes before all routing."""
    listing = _Listing(models)
    return [
        TemplatedRoute("/v1/models", listing.every),
        TemplatedRoute("/api/v1/models", listing.every),
        TemplatedRoute("/v1/models/{model:path}", listing.one),
        TemplatedRoute(CHAT_COMPLETIONS, _post_only, methods=["POST"]),
    ]


async def _post_only(request: Request) -> Response:
    """Stand in the table of routes, which answers every other method with 405."""
    raise AssertionError("a POST does not come here")


class ChatCompletions:
    """The hot path: a bare ASGI application, so that nothing validates or copies the body."""

    def __init__(self, models: Models, default_model: str) -> None:
        self._models = models
        self._default_model = default_model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that goes away takes the call of the model with it."""
        exchange = current.get()
        assert exchange is not None, "the envelope is around this"
        body = await read_body(receive)
        async with cancelled_by_disconnect(scope, receive):
            refusal = await self._answer(body, scope, send, exchange)
            if refusal:
                await refusal(scope, receive, send)

    async def _answer(
        self, body: bytes, scope: Scope, send: Send, exchange: Exchange
    ) -> Response | None:
        try:
            call = chat_request.read(body, self._default_model)
        except ChatRequestError as error:
            return faults.openai_refusal(exchange, 400, str(error), param=error.param)
        model = self._models.find(call.model)
        if model is None:
            unknown = _unknown(call.model)
            return faults.openai_refusal(exchange, 404, unknown, code=_NO_MODEL, param="model")
        exchange.upstream = model.owner
        try:
            async with model.answer(call) as answer:
                await relay(faults.with_incident(answer, exchange), scope, send, exchange)
        except ModelError as error:
            return faults.model_failure(error, exchange)
        return None


async def read_body(receive: Receive) -> bytes:
    """Return the whole body. Raises ClientDisconnect when the client leaves before its end."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


class _Listing:
    def __init__(self, models: Models) -> None:
        self._models = models
        self._created = int(time.time())

    async def every(self, request: Request) -> Response:
        entries = [self._entry(name, model) for name, model in self._models.items()]
        return JSONResponse({"object": "list", "data": entries})

    async def one(self, request: Request) -> Response:
        name = request.path_params["model"]
        model = self._models.find(name)
        if model is None:
            return faults.openai_error(404, _unknown(name), code=_NO_MODEL, param="model")
        return JSONResponse(self._entry(name, model))

    def _entry(self, name: str, model: ChatModel) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": self._created, "owned_by": model.owner}


def _unknown(name: str) -> str:
    return f"The model {name[:100]!r} does not exist here"
