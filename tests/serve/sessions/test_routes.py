"""The routes of a session, exactly as its first clients know them (S1, S2, S4, S5, S9)."""

import subprocess
import uuid

import pytest

from tests.serve.scripted_upstream import ScriptedUpstream
from tests.serve.served import KEY, Served

NOT_FOUND = {"detail": "Session not found or ended"}
ENDED = {
    "ended": True,
    "assistant": {"answer": "Session ended.", "actions": [], "follow_up_questions": []},
}


def test_a_session_is_made_without_a_body(demo: Served) -> None:
    answer = demo.client.post("/sessions")
    assert answer.status_code == 200
    assert list(answer.json()) == ["session_id"]
    assert uuid.UUID(answer.json()["session_id"]).version == 4


def test_a_message_is_answered_with_these_fields(demo: Served) -> None:
    answer = demo.say(demo.new_session(), "Hello")
    assert answer.status_code == 200
    assert answer.json()["ended"] is False
    assert sorted(answer.json()) == ["assistant", "ended"]
    assistant = answer.json()["assistant"]
    assert sorted(assistant) == ["actions", "answer", "follow_up_questions"]
    assert "Hello" in assistant["answer"]
    assert (assistant["actions"], assistant["follow_up_questions"]) == ([], [])


def test_the_demo_model_remembers_within_a_session_and_not_across(demo: Served) -> None:
    told, other = demo.new_session(), demo.new_session()
    demo.say(told, "My name is Ada.")
    assert "Ada" in demo.say(told, "What is my name?").json()["assistant"]["answer"]
    assert "Ada" not in demo.say(other, "What is my name?").json()["assistant"]["answer"]


def test_curl_without_a_content_type_is_understood(demo: Served) -> None:
    session = demo.new_session()
    done = subprocess.run(
        [
            *("curl", "--silent", "--fail", "-X", "POST"),
            f"{demo.address}/sessions/{session}/message",
            *("-H", f"X-API-Key: {KEY}", "-d", '{"message":"What is my name?"}'),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"ended":false' in done.stdout


@pytest.mark.parametrize("word", ["end", "exit", " END ", "Exit\n"])
def test_a_session_ends_with_a_word_and_without_the_model(
    gateway: Served, upstream: ScriptedUpstream, word: str
) -> None:
    session = gateway.new_session()
    answer = gateway.say(session, word)
    assert (answer.status_code, answer.json()) == (200, ENDED)
    for message in ("Hello", "end"):
        after = gateway.say(session, message)
        assert (after.status_code, after.json()) == (404, NOT_FOUND)
    assert upstream.calls == []


def test_a_word_in_a_sentence_does_not_end_it(demo: Served) -> None:
    assert demo.say(demo.new_session(), "the end").json()["ended"] is False


def test_an_unknown_session_is_answered_like_an_ended_one(demo: Served) -> None:
    for session in (str(uuid.uuid4()), "none", "end"):
        for message in ("Hello", "end"):
            answer = demo.say(session, message)
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"{",
        b"[]",
        b"null",
        b'"message"',
        b'{"message":""}',
        b'{"message":" \\n\\t"}',
        b'{"message":null}',
        b'{"message":7}',
        b'{"message":["a"]}',
        b"\xff\xfe",
        b'{"message":"\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_a_body_without_a_message_is_refused_and_not_repeated(
    gateway: Served, upstream: ScriptedUpstream, body: bytes
) -> None:
    session = gateway.new_session()
    answer = gateway.client.post(f"/sessions/{session}/message", content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"
    assert "input" not in answer.json()["detail"][0]
    assert upstream.calls == []


def test_the_history_is_readable_also_after_the_end(demo: Served) -> None:
    session = demo.new_session()
    demo.say(session, "Hello")
    demo.say(session, "end")
    body = demo.get(f"/sessions/{session}").json()
    assert (body["session_id"], body["ended"]) == (session, True)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["messages"][0]["content"] == "Hello"
    assert body["messages"][0]["created_at"].endswith("Z")
    assert body["created_at"].endswith("Z")


def test_a_deleted_session_is_gone_with_all_that_was_said(demo: Served) -> None:
    session = demo.new_session()
    demo.say(session, "Hello")
    assert demo.client.delete(f"/sessions/{session}").status_code == 204
    assert demo.get(f"/sessions/{session}").json() == NOT_FOUND
    assert demo.client.delete(f"/sessions/{session}").status_code == 404
    assert demo.say(session, "Hello").status_code == 404
