"""A message to a session: one turn, which is over when its client leaves."""

import json

from pydantic import BaseModel, StrictBool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.models.chat import ModelError
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.openai_api.disconnect import cancelled_by_disconnect
from llmops_cli.serve.openai_api.relay import relay
from llmops_cli.serve.openai_api.routes import read_body
from llmops_cli.serve.sessions.conversation import END_WORDS, Conversations, Talk
from llmops_cli.serve.sessions.ownership import key_of
from llmops_cli.serve.sessions.reply import Reply
from llmops_cli.serve.validation import NotBlank, validated


class Said(BaseModel):
    """The body of a message. ``stream`` asks for the answer as it comes, in the OpenAI dialect."""

    message: NotBlank
    stream: StrictBool = False


class Messages:
    """A bare ASGI application, so that a client that leaves takes the call of the model with it.

    The body is read whatever its Content-Type says: the curls of many a document send none.
    """

    def __init__(self, conversations: Conversations, models: Models, model_name: str) -> None:
        self._conversations = conversations
        self._models = models
        self._model_name = model_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one turn. Raises RequestValidationError, SessionNotFoundError, and what else the
        application's handlers answer.
        """
        exchange = current.get()
        assert exchange is not None, "the envelope is around this"
        said = validated(Said, await read_body(receive))
        async with cancelled_by_disconnect(scope, receive):
            answer = await self._answer(said, exchange, scope, send)
            if answer is not None:
                await answer(scope, receive, send)

    async def _answer(
        self, said: Said, exchange: Exchange, scope: Scope, send: Send
    ) -> Response | None:
        key = key_of(scope)
        if said.message.strip().lower() in END_WORDS:
            return _turn(await self._conversations.end(key), ended=True)
        model = self._models.find(self._model_name)
        assert model is not None, "settings name a model that is served"
        exchange.upstream = model.owner
        talk = Talk(key, said.message, self._model_name, model)
        try:
            if not said.stream:
                return _turn(await self._conversations.say(talk), ended=False)
            async with self._conversations.stream(talk) as answer:
                await relay(answer, scope, send, exchange)
        except ModelError as error:
            return _failure(error, exchange)
        return None


def _turn(reply: Reply, *, ended: bool) -> Response:
    assistant = {
        "answer": reply.answer,
        "actions": list(reply.actions),
        "follow_up_questions": list(reply.follow_up_questions),
    }
    body = {"ended": ended, "assistant": assistant}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # A model's JSON may hold half a character, which no encoding has.
    return Response(text.encode(errors="replace"), media_type="application/json")


def _failure(error: ModelError, exchange: Exchange) -> Response:
    answer = faults.model_failure(error, exchange)
    if error.status == 504:
        # Whatever fails behind a session is a bad gateway to who talks in it.
        answer.status_code = 502
    return answer
