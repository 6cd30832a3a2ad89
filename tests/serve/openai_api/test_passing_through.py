"""Chats pass through: the same bytes up, the same bytes down, the right upstream (P1)."""

import json

import pytest

from tests.serve import scripted_upstream
from tests.serve.conftest import Start
from tests.serve.scripted_upstream import KEY, ScriptedUpstream, completion, says
from tests.serve.served import KEY as OUR_KEY
from tests.serve.served import Served


def test_the_reference_request_is_answered(demo: Served) -> None:
    answer = demo.chat("Hello", model="demo")
    assert answer.status_code == 200
    assert isinstance(answer.json()["choices"][0]["message"]["content"], str)


def test_the_bytes_go_up_and_come_down_as_they_are(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    body = b'{ "model":"m" ,"messages":[{"role":"user","content":"\xc3\xa9"}],"x_new":[1.50]}'
    answer_body = completion("Hi", x_vendor={"a": 1.50}).replace(b": ", b" :  ")
    upstream.plays(says(200, answer_body))
    answer = gateway.client.post("/v1/chat/completions", content=body)
    assert upstream.calls[0].body == body
    assert upstream.calls[0].path == "/v1/chat/completions"
    assert answer.content == answer_body
    assert answer.headers["content-type"] == "application/json"


def test_the_upstream_gets_its_own_key_and_the_id_of_the_request(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    gateway.post(
        "/v1/chat/completions",
        {"messages": []},
        headers={"X-Request-ID": "mine", "X-API-Key": OUR_KEY, "Cookie": "a=b"},
    )
    headers = upstream.calls[0].headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["X-Request-ID"] == "mine"
    assert OUR_KEY not in str(headers)
    assert "Cookie" not in headers


def test_a_request_without_a_model_gets_the_default_one(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    gateway.chat("Hello")
    assert upstream.calls[0].fields["model"] == "m"


def test_every_model_goes_to_the_upstream_that_serves_it(
    start: Start, upstream: ScriptedUpstream
) -> None:
    with scripted_upstream.running() as other:
        entries = [
            {"name": name, "base_url": place.base_url, "auth": "none", "models": [model]}
            for name, place, model in (("one", upstream, "a"), ("two", other, "b/c"))
        ]
        api = start(LLMOPS_UPSTREAMS=json.dumps(entries), LLMOPS_MODEL="a")
        for model in ("a", "b/c", "b/c"):
            assert api.chat("Hello", model=model).status_code == 200
        assert (len(upstream.calls), len(other.calls)) == (1, 2)
        assert "Authorization" not in other.calls[0].headers
        listed = api.get("/v1/models").json()["data"]
    assert [(entry["id"], entry["owned_by"]) for entry in listed] == [("a", "one"), ("b/c", "two")]


def test_a_model_is_described_also_with_a_slash_in_its_name(gateway: Served) -> None:
    answer = gateway.get("/v1/models/family/other")
    assert answer.json()["id"] == "family/other"
    assert answer.json()["object"] == "model"
    assert isinstance(answer.json()["created"], int)


def test_an_unknown_model_is_a_404_and_costs_nothing(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    for answer in (gateway.chat("Hello", model="demo"), gateway.get("/v1/models/demo")):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"
    assert upstream.calls == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": 7}', b"[" * 100_000])
def test_a_body_that_is_no_request_is_a_400(
    gateway: Served, upstream: ScriptedUpstream, body: bytes
) -> None:
    answer = gateway.client.post("/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert upstream.calls == []


def test_a_connection_to_the_upstream_is_used_again(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    for _ in range(3):
        gateway.chat("Hello")
    assert len({call.port for call in upstream.calls}) == 1
