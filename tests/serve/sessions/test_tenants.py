"""A tenant finds only its own sessions, by whatever route it asks (K2)."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.serve import served
from tests.serve.served import Served
from tests.serve.sessions.conftest import Keeping

#: The routes of sessions behind a layer that believes whoever names a tenant.
BELIEVING = """
import os
from contextlib import asynccontextmanager
from fastapi import FastAPI
from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.exchange import current
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.sessions import routes
from llmops_cli.serve.sessions.conversation import Conversations
from llmops_cli.serve.sessions.session import SessionNotFoundError
from llmops_cli.serve.sessions.store import store_of
from llmops_cli.serve.settings import load

settings = load({**os.environ, "LLMOPS_APP": ""})
store, models = store_of(settings.sessions), Models(settings)

@asynccontextmanager
async def lifespan(app):
    async with store.opened(), models.running():
        yield

api = FastAPI(lifespan=lifespan)
conversations = Conversations(store, settings.system_prompt, settings.sessions)
api.router.routes.extend(routes.routes(store, conversations, models, settings.model))
api.add_exception_handler(SessionNotFoundError, routes.session_not_found)

async def app(scope, receive, send):
    if scope["type"] == "http":
        tenant = dict(scope["headers"])[b"x-tenant"].decode()
        current.get().caller = Caller("somebody", tenant)
    await api(scope, receive, send)
"""
NOT_FOUND = {"detail": "Session not found or ended"}


@pytest.fixture
def api(keeping: Keeping, tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "believing.py").write_text(BELIEVING)
    with served.running(tmp_path, {**keeping, "LLMOPS_APP": "believing:app"}) as api:
        yield api


def as_tenant(api: Served, name: str) -> Served:
    client = httpx2.Client(base_url=api.address, headers={"X-Tenant": name}, timeout=served.SECONDS)
    return Served(api.address, client, api.process, api.output)


def test_the_session_of_another_tenant_is_answered_like_none(api: Served) -> None:
    mine, theirs = as_tenant(api, "mine"), as_tenant(api, "theirs")
    with mine.client, theirs.client:
        session = mine.new_session()
        mine.say(session, "My name is Ada.")
        for wanted in (session, str(uuid.uuid4())):
            answers = [
                theirs.get(f"/sessions/{wanted}"),
                theirs.say(wanted, "What is my name?"),
                theirs.say(wanted, "end"),
                theirs.client.delete(f"/sessions/{wanted}"),
            ]
            for answer in answers:
                assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
        assert theirs.get("/sessions").json() == {"sessions": [], "next": None}
        listed = mine.get("/sessions").json()["sessions"]
        assert [entry["session_id"] for entry in listed] == [session]
        assert "Ada" in mine.say(session, "What is my name?").json()["assistant"]["answer"]
