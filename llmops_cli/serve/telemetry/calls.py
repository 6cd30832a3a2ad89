"""Notes every call of a model, wherever it comes from, before the model is asked."""

import json
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.models.chat import ChatAnswer, ChatCall, ChatModel
from llmops_cli.serve.telemetry import line

#: Characters of a prompt that are logged where prompts are.
_PROMPT_CHARACTERS = 2000


class WatchedModel:
    """A model that says in the log who asks it. It is made once for each model."""

    def __init__(self, model: ChatModel, *, logs_prompts: bool) -> None:
        self._model = model
        self._logs_prompts = logs_prompts

    @property
    def owner(self) -> str:
        """The name of the model's owner in the list of models."""
        return self._model.owner

    def answer(self, call: ChatCall) -> AbstractAsyncContextManager[ChatAnswer]:
        """Ask the model. Raises ModelError; leaving the context gives up what is unread."""
        exchange = current.get()
        if exchange is not None:
            exchange.model = call.model
            exchange.called_at = time.perf_counter()
            if exchange.trace is not None:
                exchange.trace.called(call.model)
            self._tell(exchange, call)
        return self._model.answer(call)

    def _tell(self, exchange: Exchange, call: ChatCall) -> None:
        fields: dict[str, Any] = {"user": exchange.caller.name, "model": call.model}
        if self._logs_prompts:
            fields["prompt"] = _prompt(call)
        line.write("LLM request started", fields)


def _prompt(call: ChatCall) -> str:
    """Return the beginning of what the user said last."""
    messages = call.fields.get("messages")
    said = messages[-1] if isinstance(messages, list) and messages else None
    content = said.get("content") if isinstance(said, dict) else None
    text = content if isinstance(content, str) else json.dumps(content)
    return text[:_PROMPT_CHARACTERS]
