"""One prompt in, one text out: the route for callers that do not speak the OpenAI dialect."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.generate.guard import overrides_instructions
from llmops_cli.serve.models.answers import text_of
from llmops_cli.serve.models.chat import ChatAnswer, ChatCall, ModelError
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect
from llmops_cli.serve.validation import NotBlank, validated

PATH = "/llm/generate"

#: What a status of the model is called in the body of an error.
_TITLES = {400: "BadRequest", 404: "NotFound", 422: "BadRequest", 429: "RateLimitExceeded"}


class Prompt(BaseModel):
    """The body of a request. Fields that are not known are left alone."""

    prompt: Annotated[NotBlank, Field(min_length=1, max_length=2000)]
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    #: A whole number. JSON knows no difference between 3 and 3.0.
    max_tokens: Annotated[float, Field(ge=1, le=4000, multiple_of=1)] = 150
    system_prompt: Annotated[str, Field(max_length=1000)] | None = None
    enable_guardrails: bool = True


class Generated(BaseModel):
    """The answer. ``cost`` is in US dollars, 0 for a model without a price."""

    response: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: float
    security_status: str = "protected"
    guardrails_triggered: list[str] = []


def router(models: Models, default_model: str, note_cost: Callable[[Exchange], None]) -> APIRouter:
    """Return the route. Requests that name no model are for ``default_model``."""
    made = APIRouter()
    made.post(PATH, response_model=None)(_Generate(models, default_model, note_cost).answer)
    return made


class _Generate:
    def __init__(
        self, models: Models, default_model: str, note_cost: Callable[[Exchange], None]
    ) -> None:
        self._models = models
        self._default_model = default_model
        self._note_cost = note_cost

    async def answer(self, request: Request) -> Response:
        exchange = current.get()
        assert exchange is not None, "the envelope is around this"
        asked = validated(Prompt, await request.body())
        name = asked.model or self._default_model
        model = self._models.find(name)
        if model is None:
            message = f"The model {name[:100]!r} does not exist here"
            return _refused(400, message, exchange, requested_model=name[:100])
        if asked.enable_guardrails and overrides_instructions(asked.prompt):
            return _refused(
                400,
                "The prompt asks to ignore the instructions",
                exchange,
                security_status="blocked",
                guardrails_triggered=["prompt_injection"],
            )
        async with cancelled_by_disconnect(request.scope, request.receive):
            try:
                async with model.answer(_call(asked, name)) as answer:
                    self._note_cost(exchange)
                    return _generated(answer, name, exchange)
            except ModelError as error:
                return faults.model_failure(error, exchange)
        return Response(status_code=204)  # Nobody is there to read it.


def _call(asked: Prompt, model: str) -> ChatCall:
    system = [{"role": "system", "content": asked.system_prompt}] if asked.system_prompt else []
    fields: dict[str, Any] = {
        "model": model,
        "messages": [*system, {"role": "user", "content": asked.prompt}],
        "temperature": asked.temperature,
        "max_tokens": int(asked.max_tokens),
    }
    return ChatCall(json.dumps(fields).encode(), fields)


def _generated(answer: ChatAnswer, model: str, exchange: Exchange) -> Response:
    if answer.status >= 400:
        return _refused_by_model(answer, exchange)
    text = text_of(answer)
    prompt_tokens = exchange.prompt_tokens or 0
    completion_tokens = exchange.completion_tokens or 0
    generated = Generated(
        response=text,
        model=model,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        total_tokens=prompt_tokens + completion_tokens,
        cost=exchange.cost or 0.0,
    )
    return JSONResponse(generated.model_dump())


def _refused_by_model(answer: ChatAnswer, exchange: Exchange) -> Response:
    headers = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
    retry_after = headers.get("retry-after", "")
    more: dict[str, Any] = {"retry_after": int(retry_after)} if retry_after.isdigit() else {}
    if answer.status == 404:
        more["requested_model"] = exchange.model
    message = f"The model refused the request with {answer.status}"
    refusal = _refused(answer.status, message, exchange, **more)
    if retry_after:
        refusal.headers["Retry-After"] = retry_after
    return refusal


def _refused(status: int, message: str, exchange: Exchange, **more: Any) -> Response:
    title = _TITLES.get(status, "BadRequest")
    incident = faults.report_refusal(status, exchange)
    body = faults.incident_body(title, message, incident, message)
    return JSONResponse({**body, **more}, status)
