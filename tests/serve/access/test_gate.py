"""Who may call: nobody without a key, except for what probes ask (A4, P1)."""

import httpx2
import pytest

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
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_everything_else_is_closed(demo: Served, method: str, path: str) -> None:
    answer = httpx2.request(method, demo.address + path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", WRONG)
def test_a_wrong_credential_is_refused(demo: Served, headers: dict[str, str]) -> None:
    assert httpx2.get(f"{demo.address}/v1/models", headers=headers).status_code == 401


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


def test_an_open_api_is_asked_for_in_words_and_warned_of(start: Start) -> None:
    api = start(LLMOPS_AUTH="none", LLMOPS_API_KEY="")
    assert httpx2.post(f"{api.address}/sessions").status_code == 200
    assert httpx2.get(f"{api.address}/docs").status_code == 404
    assert httpx2.get(f"{api.address}/openapi.json").status_code == 404
    warnings = [line for line in api.log() if line["level"] == "WARNING"]
    assert "LLMOPS_AUTH" in warnings[0]["message"]
