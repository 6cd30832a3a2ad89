"""`{"instances": […]}` in, `{"predictions": […]}` of the same length out."""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Scope

from llmops_cli.serve.openai_api.routes import CHAT_COMPLETIONS
from llmops_cli.serve.vertex import inner
from llmops_cli.serve.vertex.faults import refusal

#: Instances of one request, and how many of them are asked at once.
MOST, _AT_ONCE = 128, 8
_PLAIN = ("prompt", "message")


class _FailedError(Exception):
    """An instance could not be answered, and the others need not be."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


async def predictions(app: ASGIApp, scope: Scope, document: Mapping[str, Any]) -> Response:
    """Ask the model for every instance; where one of them fails, that is the answer to all."""
    found, parameters = document["instances"], document.get("parameters") or {}
    if not isinstance(found, list) or not isinstance(parameters, dict):
        return refusal(400, "'instances' must be a list, and 'parameters' an object")
    if not 0 < len(found) <= MOST:
        return refusal(400, f"'instances' must be 1 to {MOST}, not {len(found)}")
    places = asyncio.Semaphore(_AT_ONCE)

    async def predicted(number: int, instance: object) -> object:
        async with places:
            return await _predicted(app, scope, number, _Instance(instance, parameters))

    refused: Response | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(predicted(*one)) for one in enumerate(found)]
    except* _FailedError as failed:
        refused = _first(failed).answer
    return refused or JSONResponse({"predictions": [task.result() for task in tasks]})


class _Instance:
    """A chat, a prompt, or a text, with what the parameters say of all of them."""

    def __init__(self, instance: object, parameters: Mapping[str, Any]) -> None:
        self.is_chat = isinstance(instance, dict) and "messages" in instance
        self.body = self._body(instance, parameters)

    def text_or_document(self, document: Any) -> object:
        """Return the prediction: for a chat its completion, for a text the text."""
        return document if self.is_chat else document["choices"][0]["message"]["content"]

    def _body(self, instance: object, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        own = {"stream": False}
        if isinstance(instance, str) and instance:
            return {**parameters, **own, "messages": _said(instance)}
        if not isinstance(instance, dict):
            return None
        if self.is_chat:
            return {**parameters, **instance, **own}
        for name in _PLAIN:
            if isinstance(instance.get(name), str) and instance[name]:
                rest = {key: value for key, value in instance.items() if key not in _PLAIN}
                return {**parameters, **rest, **own, "messages": _said(instance[name])}
        return None


async def _predicted(app: ASGIApp, scope: Scope, number: int, instance: _Instance) -> object:
    where = f"instances[{number}]"
    if instance.body is None:
        raise _FailedError(
            refusal(400, f"{where} must be a chat with 'messages', {{'prompt': …}}, or a text")
        )
    body = json.dumps(instance.body).encode()
    request = inner.Request("POST", CHAT_COMPLETIONS, body, is_let_in=True)
    answer = await inner.ask(app, scope, request, _never)
    if answer.status != HTTPStatus.OK:
        again = answer.headers.get("retry-after")
        headers = {"Retry-After": again} if again else None
        raise _FailedError(refusal(answer.status, f"{where}: {_why(answer)}", headers))
    try:
        return instance.text_or_document(json.loads(answer.body))
    except (ValueError, LookupError, TypeError) as error:
        raise _FailedError(refusal(502, f"{where}: the answer is no completion")) from error


def _why(answer: inner.Answer) -> str:
    try:
        document = json.loads(answer.body)
        return str(document.get("error", {}).get("message") or document.get("detail"))
    except (ValueError, AttributeError):
        return f"it was answered with {answer.status}"


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _first(failed: BaseExceptionGroup[_FailedError]) -> _FailedError:
    error = failed.exceptions[0]
    assert isinstance(error, _FailedError), "nothing here puts groups into groups"
    return error


async def _never() -> Message:
    """Say nothing of the client: it is one for all instances, and each has a time limit."""
    await asyncio.get_running_loop().create_future()
    _unreachable()


def _unreachable() -> NoReturn:
    raise AssertionError("the future is nobody's to end")
