"""How a model's content, or its failure, becomes the answer of a session (S2, S8)."""

import json
import re

import pytest

from llmops_cli.serve.sessions.reply import Reply, parse
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import (
    KEY,
    Act,
    ScriptedUpstream,
    answers,
    dies_after,
    hangs,
    hangs_up,
    says,
)
from tests.serve.served import Served
from tests.serve.sessions.conftest import Keeping


def test_a_json_object_is_taken_apart(gateway: Served, upstream: ScriptedUpstream) -> None:
    content = {"answer": "Yes.", "actions": ["call"], "follow_up_questions": ["When?"]}
    upstream.plays(answers(json.dumps(content)))
    answer = gateway.say(gateway.new_session(), "Hello")
    assert answer.json() == {"ended": False, "assistant": content}


@pytest.mark.parametrize(
    "content", ["plain text", "[1, 2]", '"text"', "7", "{broken", "", '{"other": 1}', "[" * 9999]
)
def test_anything_else_is_the_answer_as_it_stands(content: str) -> None:
    assert parse(content) == Reply(content)


def test_fields_of_the_wrong_type_are_left_out() -> None:
    content = '{"answer": "Yes.", "actions": "call", "follow_up_questions": {"a": 1}}'
    assert parse(content) == Reply("Yes.")


FAILURES: list[tuple[Act, str]] = [
    (says(500, b'{"error": {"message": "Traceback: secret stack"}}'), "UpstreamStatusError"),
    (says(400), "UpstreamStatusError"),
    (says(401, KEY.encode()), "UpstreamRefusedUsError"),
    (says(429), "UpstreamStatusError"),
    (says(302, Location="http://127.0.0.1:1/"), "UpstreamRefusedUsError"),
    (hangs, "UpstreamTimeoutError"),
    (hangs_up, "UpstreamAnswerError"),
    (dies_after(b"data: {"), "UpstreamAnswerError"),
    (says(200, b"not json"), "UpstreamAnswerError"),
    (says(200, b"[]"), "UpstreamAnswerError"),
    (says(200, b'{"choices": []}'), "UpstreamAnswerError"),
    (answers(None), "UpstreamAnswerError"),
]


@pytest.mark.parametrize(("act", "reason"), FAILURES)
def test_a_failure_is_a_502_that_names_its_kind_and_nothing_else(
    gateway: Served, upstream: ScriptedUpstream, act: Act, reason: str
) -> None:
    upstream.plays(act)
    answer = gateway.say(gateway.new_session(), "my private words")
    body = answer.json()
    assert answer.status_code == 502
    assert body["detail"] == f"LLM failed: {reason}"
    assert body["error"] in {"BadGateway", "GatewayTimeout"}
    assert body["message"]
    assert re.fullmatch("inc_[0-9a-f]{12}", body["incident_id"])
    assert body["timestamp"].endswith("Z")
    for secret in (KEY, "Traceback", "stack", upstream.base_url):
        assert secret not in answer.text
    lines = [line for line in gateway.log() if line.get("incident_id") == body["incident_id"]]
    assert [line["request_id"] for line in lines] == [answer.headers["x-request-id"]]
    assert "private" not in gateway.output.read_text()


def test_characters_that_no_store_can_keep_do_no_harm(
    start: Start, keeping: Keeping, upstream: ScriptedUpstream
) -> None:
    said = "a\0b\ud800c"
    upstream.plays(answers(said), answers(json.dumps({"answer": said})))
    api = start(**keeping, **in_front_of(upstream.base_url))
    session = api.new_session()
    for _ in range(3):
        assert api.say(session, "x\0y").status_code == 200
    roles = [message["role"] for message in upstream.calls[-1].messages[1:]]
    assert roles == ["user", "assistant"] * 2 + ["user"]
    first = api.get(f"/sessions/{session}").json()["messages"][:2]
    assert [row["content"] for row in first] == ["x\ufffdy", "a\ufffdb?c"]


def test_an_upstream_that_refuses_connections_is_a_502(start: Start) -> None:
    api = start(**in_front_of("http://127.0.0.1:1/v1"))
    answer = api.say(api.new_session(), "Hello")
    assert answer.status_code == 502
    assert answer.json()["detail"] == "LLM failed: UpstreamUnreachableError"
