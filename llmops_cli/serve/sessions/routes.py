"""Chat sessions with a memory: the routes under /sessions."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve import exchange, faults
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.sessions import listing
from llmops_cli.serve.sessions.conversation import Conversations
from llmops_cli.serve.sessions.message import Messages
from llmops_cli.serve.sessions.ownership import key_of, tenant
from llmops_cli.serve.sessions.store import SessionStore

#: When to ask again while the store does not answer.
_RETRY_SECONDS = 5

_log = logging.getLogger("llmops.serve")


def routes(
    store: SessionStore, conversations: Conversations, models: Models, model_name: str
) -> list[TemplatedRoute]:
    """Return the routes. All sessions are answered by the model called ``model_name``."""
    sessions = _Sessions(store)
    messages = Messages(conversations, models, model_name)
    return [
        TemplatedRoute("/sessions", sessions.create, methods=["POST"]),
        TemplatedRoute("/sessions", sessions.page, methods=["GET"]),
        TemplatedRoute("/sessions/{session_id}", sessions.read, methods=["GET"]),
        TemplatedRoute("/sessions/{session_id}", sessions.delete, methods=["DELETE"]),
        TemplatedRoute("/sessions/{session_id}/message", messages, methods=["POST"]),
    ]


async def session_not_found(request: Request, error: Exception) -> Response:
    """Answer alike for a session that is unknown, has ended or expired, or is another tenant's."""
    return JSONResponse({"detail": "Session not found or ended"}, 404)


async def store_unavailable(request: Request, error: Exception) -> Response:
    """Answer while the store is away. Nothing was kept, so the client may just ask again."""
    incident = faults.new_incident()
    _log.error("Sessions failed: %s", error, extra={"fields": {"incident_id": incident}})
    current = exchange.current.get()
    if current is not None:
        current.incident_id = incident
    message = "The sessions cannot be reached now"
    body = faults.incident_body(type(error).__name__, message, incident, message)
    return JSONResponse(body, 503, {"Retry-After": str(_RETRY_SECONDS)})


class _Sessions:
    def __init__(self, store: SessionStore) -> None:
        self._store = store

    async def create(self, request: Request) -> Response:
        return JSONResponse({"session_id": await self._store.create(tenant())})

    async def page(self, request: Request) -> Response:
        asked = listing.read(request.query_params)
        found = await self._store.page(tenant(), asked.before, asked.limit + 1)
        return JSONResponse(listing.body(found, asked.limit))

    async def read(self, request: Request) -> Response:
        session = await self._store.read(key_of(request.scope))
        messages = [
            {"role": row.role, "content": row.content, "created_at": row.created_at}
            for row in session.rows
        ]
        return JSONResponse({**listing.head(session.summary), "messages": messages})

    async def delete(self, request: Request) -> Response:
        await self._store.delete(key_of(request.scope))
        return Response(status_code=204)
