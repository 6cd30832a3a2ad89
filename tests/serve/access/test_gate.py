"""Who may call: nobody without a key, except for what probes ask (A4, P1)."""

import asyncio
import hashlib
import json
from typing import Any

import httpx2
import pytest

from llmops_cli.serve.access import settings as access_settings
from llmops_cli.serve.access.caller import ANONYMOUS, Caller
from llmops_cli.serve.access.gate import Gate
from llmops_cli.serve.access.keyring import Keyring
from llmops_cli.serve.envelope import Envelope
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.exchange import current
from tests.serve.conftest import Start
from tests.serve.served import KEY, Served

CLOSED = [
    ("POST", "/sessions"),
    ("POST", "/sessions/1/message"),
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/no-such-route"),
    ("GET", "/docs"),
    ("GET", "/health/ready/"),
]
WRONG = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Basic {KEY}"},
    {"Authorization": KEY},
    {"Authorization": f"Bearer {KEY}x"},
    {"Authorization": f"Bearer {KEY[:-1]}"},
    {"Authorization": "Bearer"},
    {"X-API-Key": "wrong"},
    {"X-API-Key": ""},
    {"Authorization": ""},
    {"Authorization": f"Bearer {KEY},{KEY}"},
    {"Authorization": "Bearer " + "x" * 8000},
    {"X-API-Key": "x" * 8000},
]
#: What a client library would not send: bytes that are no text, and headers that are there twice.
HOSTILE = [
    [(b"authorization", b"Bearer \xff\xfe\x80")],
    [(b"x-api-key", "schlüssel".encode())],
    [(b"authorization", b"Bearer " + "схема".encode())],
    [(b"authorization", f"Bearer {KEY}".encode()), (b"authorization", b"Bearer other")],
    [(b"authorization", b"Basic eA=="), (b"authorization", f"Bearer {KEY}".encode())],
    [(b"x-api-key", KEY.encode()), (b"X-API-Key", KEY.encode())],
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_everything_else_is_closed(demo: Served, method: str, path: str) -> None:
    answer = httpx2.request(method, demo.address + path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", WRONG)
def test_a_wrong_credential_is_refused(demo: Served, headers: dict[str, str]) -> None:
    assert httpx2.get(f"{demo.address}/v1/models", headers=headers).status_code == 401


@pytest.mark.parametrize("headers", HOSTILE)
def test_a_hostile_credential_is_refused(demo: Served, headers: list[tuple[bytes, bytes]]) -> None:
    answer = httpx2.get(f"{demo.address}/v1/models", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-API-Key": KEY},
        {"X-API-Key": KEY, "Authorization": "Bearer of-somebody-else"},
    ],
)
def test_the_key_is_taken_from_either_header(demo: Served, headers: dict[str, str]) -> None:
    assert httpx2.get(f"{demo.address}/v1/models", headers=headers).status_code == 200


def test_a_refusal_has_the_shape_of_the_dialect(demo: Served) -> None:
    openai = httpx2.get(f"{demo.address}/v1/models").json()
    assert openai["error"]["code"] == "invalid_api_key"
    assert openai["error"]["type"] == "authentication_error"
    assert isinstance(httpx2.post(f"{demo.address}/sessions").json()["detail"], str)


def test_two_keys_are_good_while_one_replaces_the_other(start: Start) -> None:
    old, new = "old-key-0123456789", "new-key-0123456789"
    api = start(LLMOPS_API_KEY=f"{old},\n{new}\n")
    for key, status in ((old, 200), (new, 200), (f"{old},{new}", 401)):
        answer = httpx2.get(f"{api.address}/v1/models", headers={"X-API-Key": key})
        assert answer.status_code == status


def test_each_key_is_of_its_caller_and_two_callers_at_once_are_nobody(start: Start) -> None:
    ann, bob = "key-of-ann-0123456789", "key-of-bob-0123456789"
    keys = [
        {"name": "ann", "tenant": "blue", "sha256": hashlib.sha256(ann.encode()).hexdigest()},
        {"name": "bob", "tenant": "red", "secret": "BOB_KEY"},
    ]
    api = start(LLMOPS_API_KEY="", LLMOPS_API_KEYS=json.dumps(keys), BOB_KEY=bob)
    for headers, name in (
        ({"X-API-Key": ann}, "ann"),
        ({"Authorization": f"Bearer {bob}"}, "bob"),
        ({"X-API-Key": ann, "Authorization": f"Bearer {ann}"}, "ann"),
        ({"X-API-Key": ann, "Authorization": "Bearer nothing"}, "ann"),
    ):
        me = httpx2.get(f"{api.address}/auth/me", headers=headers)
        assert (me.status_code, me.json()) == (200, {"username": name, "role": ""})
    both = {"X-API-Key": ann, "Authorization": f"Bearer {bob}"}
    assert httpx2.get(f"{api.address}/auth/me", headers=both).status_code == 401
    assert httpx2.get(f"{api.address}/auth/me", headers={"X-API-Key": KEY}).status_code == 401


def test_the_caller_and_its_tenant_are_noted_in_the_exchange() -> None:
    keys = json.dumps([{"name": "ann", "tenant": "blue", "secret": "ANN_KEY"}])
    environment = Environment({"LLMOPS_API_KEYS": keys, "ANN_KEY": KEY})
    noted: list[Caller] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        exchange = current.get()
        assert exchange is not None
        noted.append(exchange.caller)

    gate = Gate(app, Keyring(access_settings.read(environment)))
    for path in ("/anything", "/health"):
        scope = {"type": "http", "method": "GET", "path": path}
        scope["headers"] = [(b"x-api-key", KEY.encode())]
        asyncio.run(Envelope(gate, "1")(scope, None, None))
    assert noted == [Caller("ann", "blue"), ANONYMOUS]


def test_an_open_api_is_asked_for_in_words_and_warned_of(start: Start) -> None:
    api = start(LLMOPS_AUTH="none", LLMOPS_API_KEY="")
    assert httpx2.post(f"{api.address}/sessions").status_code == 200
    assert httpx2.get(f"{api.address}/docs").status_code == 404
    assert httpx2.get(f"{api.address}/openapi.json").status_code == 200
    warnings = [line for line in api.log() if line["level"] == "WARNING"]
    assert "LLMOPS_AUTH" in warnings[0]["message"]
