"""The one place where a session asks a model: messages in, the text of its answer out."""

import json
from typing import Any

from llmops_cli.serve.models.answers import text_of
from llmops_cli.serve.models.chat import (
    ChatCall,
    ChatModel,
    UpstreamStatusError,
)


async def ask(model: ChatModel, fields: dict[str, Any]) -> str:
    """Return what the model says. Raises ModelError, also where it refuses the request."""
    async with model.answer(_call(fields)) as answer:
        if answer.status >= 400:
            raise UpstreamStatusError(f"The upstream answered {answer.status}")
        return text_of(answer)


def _call(fields: dict[str, Any]) -> ChatCall:
    return ChatCall(json.dumps(fields).encode(), fields)
