"""A tenant finds only its own sessions, by whatever route it asks (K2)."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest

from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.served import Served
from tests.serve.sessions.conftest import Keeping

NOT_FOUND = {"detail": "Session not found or ended"}
#: Two keys of one tenant, and one of another.
KEYS = {"ann": "blue", "amy": "blue", "bob": "red"}


@pytest.fixture
def callers(start: Start, keeping: Keeping) -> Iterator[dict[str, Served]]:
    """One API, as each of the callers sees it; and as "operator", whose key names no tenant."""
    names = [
        {"name": name, "tenant": tenant, "secret": f"{name.upper()}_KEY"}
        for name, tenant in KEYS.items()
    ]
    secrets = {f"{name.upper()}_KEY": f"key-of-{name}-5d41402abc4b2a76" for name in KEYS}
    api = start(LLMOPS_API_KEYS=json.dumps(names), **secrets, **keeping)
    clients = {name: _client(api, secrets[f"{name.upper()}_KEY"]) for name in KEYS}
    yield {name: replace(api, client=client) for name, client in clients.items()} | {
        "operator": api
    }
    for client in clients.values():
        client.close()


def _client(api: Served, key: str) -> httpx2.Client:
    headers = {"X-API-Key": key}
    return httpx2.Client(base_url=api.address, headers=headers, timeout=served.SECONDS)


def test_the_session_of_another_tenant_is_answered_like_none(callers: dict[str, Served]) -> None:
    session = callers["ann"].new_session()
    callers["ann"].say(session, "My name is Ada.")
    for other in (callers["bob"], callers["operator"]):
        for wanted in (session, str(uuid.uuid4())):
            answers = [
                other.get(f"/sessions/{wanted}"),
                other.say(wanted, "What is my name?"),
                other.post(f"/sessions/{wanted}/message", {"message": "Hello", "stream": True}),
                other.say(wanted, "end"),
                other.client.delete(f"/sessions/{wanted}"),
            ]
            for answer in answers:
                assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
        assert other.get("/sessions").json() == {"sessions": [], "next": None}
    answer = callers["ann"].say(session, "What is my name?")
    assert "Ada" in answer.json()["assistant"]["answer"]


def test_keys_of_one_tenant_share_its_sessions(callers: dict[str, Served]) -> None:
    session = callers["ann"].new_session()
    callers["ann"].say(session, "My name is Ada.")
    answer = callers["amy"].say(session, "What is my name?")
    assert "Ada" in answer.json()["assistant"]["answer"]
    listed = callers["amy"].get("/sessions").json()["sessions"]
    assert [entry["session_id"] for entry in listed] == [session]
