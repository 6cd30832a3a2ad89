"""Chat sessions with a memory: the routes under /sessions."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve import faults
from llmops_cli.serve.exchange import current
from llmops_cli.serve.models.chat import ChatModel, ModelError
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.sessions.conversation import END_WORDS, Conversations, Reply
from llmops_cli.serve.sessions.store import SessionStore
from llmops_cli.serve.validation import validated


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


class Said(BaseModel):
    """The body of a message."""

    message: Annotated[str, AfterValidator(_not_blank)]


def router(
    store: SessionStore, conversations: Conversations, models: Models, model_name: str
) -> APIRouter:
    """Return the routes. All sessions are answered by the model called ``model_name``."""
    routes = _Sessions(store, conversations, models, model_name)
    made = APIRouter()
    made.post("/sessions")(routes.create)
    made.get("/sessions/{session_id}")(routes.read)
    made.delete("/sessions/{session_id}", status_code=204)(routes.delete)
    made.post("/sessions/{session_id}/message", response_model=None)(routes.message)
    return made


async def session_not_found(request: Request, error: Exception) -> Response:
    """Answer for an unknown session and for one that has ended alike."""
    return JSONResponse({"detail": "Session not found or ended"}, 404)


class _Sessions:
    def __init__(
        self, store: SessionStore, conversations: Conversations, models: Models, model_name: str
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._models = models
        self._model_name = model_name

    async def create(self) -> dict[str, str]:
        return {"session_id": await self._store.create()}

    async def read(self, session_id: str) -> dict[str, Any]:
        session = await self._store.read(session_id)
        messages = [
            {"role": row.role, "content": row.content, "created_at": row.created_at}
            for row in session.rows
        ]
        return {
            "session_id": session.id,
            "created_at": session.created_at,
            "ended": not session.is_active,
            "messages": messages,
        }

    async def delete(self, session_id: str) -> None:
        await self._store.delete(session_id)

    async def message(self, session_id: str, request: Request) -> Response:
        # Not a parameter of FastAPI's: it would refuse JSON that is sent without a Content-Type.
        said = validated(Said, await request.body()).message
        if said.strip().lower() in END_WORDS:
            return _turn(await self._conversations.end(session_id), ended=True)
        model = self._models.find(self._model_name)
        assert model is not None, "settings name a model that is served"
        return await self._ask(session_id, said, model)

    async def _ask(self, session_id: str, said: str, model: ChatModel) -> Response:
        try:
            reply = await self._conversations.say(session_id, said, self._model_name, model)
        except ModelError as error:
            return _failure(error)
        return _turn(reply, ended=False)


def _turn(reply: Reply, *, ended: bool) -> Response:
    assistant = {
        "answer": reply.answer,
        "actions": list(reply.actions),
        "follow_up_questions": list(reply.follow_up_questions),
    }
    return JSONResponse({"ended": ended, "assistant": assistant})


def _failure(error: ModelError) -> Response:
    exchange = current.get()
    assert exchange is not None, "the envelope is around this"
    answer = faults.model_failure(error, exchange)
    if error.status == 504:
        # Whatever fails behind a session is a bad gateway to who talks in it.
        answer.status_code = 502
    return answer
