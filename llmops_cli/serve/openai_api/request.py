"""Reads as much of a chat request as routing needs, and leaves its bytes alone where it can."""

import json
from typing import Any, NoReturn

from llmops_cli.serve.models.chat import ChatCall


class ChatRequestError(Exception):
    """The body is not a chat request. The message says why; ``param`` names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


def read(body: bytes, default_model: str) -> ChatCall:
    """Return the call. Raises ChatRequestError unless the body is an object with a usable model.

    A body without a model gets ``default_model``. The rest is for the model to judge.
    """
    fields = _parsed(body)
    model = fields.get("model")
    if model is None:
        return _rewritten({**fields, "model": default_model})
    if not isinstance(model, str) or not model:
        raise ChatRequestError("'model' must be a string that is not empty", "model")
    return ChatCall(body, fields) if _is_unambiguous(body) else _rewritten(fields)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        fields = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise ChatRequestError("The request body is not valid JSON") from error
    if not isinstance(fields, dict):
        raise ChatRequestError("The request body must be a JSON object")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


#: Made once: `json.loads` makes a decoder for every text that it reads with an option.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _is_unambiguous(body: bytes) -> bool:
    """Whether every JSON parser finds the same model in the bytes.

    With two "model" keys, or one that is written with escapes, an upstream could read another
    model than the one that was looked up here, and so get around the list of models.
    """
    return body.count(b'"model"') == 1 and b"\\u00" not in body


def _rewritten(fields: dict[str, Any]) -> ChatCall:
    return ChatCall(json.dumps(fields).encode(), fields)
