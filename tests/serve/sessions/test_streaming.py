"""A turn whose answer is streamed: passed on as it comes, kept only when it has ended well."""

import json

import httpx2
import pytest

from llmops_cli.serve.sessions.streaming import Transcript
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import (
    DONE,
    Act,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    falls_silent_after,
    says,
    streams,
)
from tests.serve.served import Served
from tests.serve.sessions.conftest import Keeping
from tests.serve.sessions.test_leaving import say_and_stay

FINISHED = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n'


def stream(api: Served, session: str, message: str) -> httpx2.Response:
    return api.post(f"/sessions/{session}/message", {"message": message, "stream": True})


def kept(api: Served, session: str) -> list[str]:
    rows = api.get(f"/sessions/{session}").json()["messages"]
    return [row["content"] for row in rows]


def last_event(answer: httpx2.Response) -> str:
    return answer.text.strip().rpartition("data: ")[2]


def test_a_stream_is_passed_on_as_it_is_and_kept_as_a_turn(
    start: Start, keeping: Keeping, upstream: ScriptedUpstream
) -> None:
    chunks = (event("Hel"), event("lo."), FINISHED, USAGE, DONE)
    upstream.plays(streams(*chunks), answers("Fine."))
    api = start(**keeping, **in_front_of(upstream.base_url))
    session = api.new_session()
    answer = stream(api, session, "first")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [line for line in answer.text.splitlines() if line.endswith("[DONE]")]
    assert event("Hel").decode() + event("lo.").decode() in answer.text
    assert upstream.calls[0].fields["stream"] is True
    api.say(session, "second")
    told = [message["content"] for message in upstream.calls[1].messages[1:]]
    assert told == ["first", "Hello.", "second"]


def test_the_first_words_arrive_before_the_model_has_finished(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(streams(event("Hel"), event("lo."), DONE, waits_after=1))
    path = f"/sessions/{gateway.new_session()}/message"
    with gateway.client.stream("POST", path, json={"message": "Hi", "stream": True}) as answer:
        chunks = answer.iter_bytes()
        assert b"Hel" in next(chunks)
        upstream.go_on.set()
        assert b"[DONE]" in b"".join(chunks)


@pytest.mark.parametrize(
    "act",
    [
        dies_after(event("Hel")),
        streams(event("Hel")),
        streams(event("Hel"), b'data: {"error": {"message": "no"}}\n\n', DONE),
        streams(event("Hel"), b"data: {broken\n\n", DONE),
        falls_silent_after(event("Hel")),
    ],
)
def test_a_stream_that_fails_ends_with_an_error_and_is_not_kept(
    gateway: Served, upstream: ScriptedUpstream, act: Act
) -> None:
    upstream.plays(act)
    session = gateway.new_session()
    answer = stream(gateway, session, "first")
    assert answer.status_code == 200
    assert json.loads(last_event(answer))["error"]["code"].startswith("upstream_")
    assert "[DONE]" not in answer.text
    assert kept(gateway, session) == []
    assert gateway.say(session, "again").status_code == 200


@pytest.mark.parametrize("act", [says(500), says(400), says(429), answers("whole")])
def test_what_fails_before_the_stream_is_a_502_like_any_other(
    gateway: Served, upstream: ScriptedUpstream, act: Act
) -> None:
    upstream.plays(act)
    session = gateway.new_session()
    answer = stream(gateway, session, "first")
    assert answer.status_code == 502
    assert answer.json()["detail"].startswith("LLM failed: ")
    assert kept(gateway, session) == []


def test_a_stream_that_is_abandoned_ends_the_call_and_is_not_kept(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(falls_silent_after(event("Hel")))
    session = gateway.new_session()
    with say_and_stay(gateway, session, "first", stream=True) as connection:
        assert b"200 OK" in connection.recv(1000)
        assert upstream.arrived.wait(5)
    assert upstream.abandoned.wait(5)
    assert gateway.say(session, "second").status_code == 200
    assert kept(gateway, session) == ["second", "Hello."]


def test_a_session_that_goes_during_a_stream_is_told_of_at_its_end(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(streams(event("Hel"), event("lo."), DONE, waits_after=1))
    session = gateway.new_session()
    path = f"/sessions/{session}/message"
    with gateway.client.stream("POST", path, json={"message": "Hi", "stream": True}) as answer:
        assert upstream.arrived.wait(5)
        gateway.client.delete(f"/sessions/{session}")
        upstream.go_on.set()
        answer.read()
    assert json.loads(last_event(answer))["error"]["code"] == "turn_not_kept"
    assert "[DONE]" not in answer.text


def test_an_unknown_session_and_a_word_that_ends_one_are_answered_without_a_stream(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    session = gateway.new_session()
    assert stream(gateway, session, "end").json()["ended"] is True
    assert stream(gateway, session, "Hello").status_code == 404
    assert upstream.calls == []


def test_whether_to_stream_is_yes_or_no(gateway: Served, upstream: ScriptedUpstream) -> None:
    path = f"/sessions/{gateway.new_session()}/message"
    answer = gateway.post(path, {"message": "Hello", "stream": "yes"})
    assert (answer.status_code, upstream.calls) == (422, [])


def test_the_text_is_the_same_wherever_the_chunks_break() -> None:
    whole = event("Grü").replace(b"\n", b"\r\n") + b": comment\n\n" + event("ße") + FINISHED + DONE
    for size in (1, 2, 3, 7, 1000):
        transcript = Transcript()
        for start_at in range(0, len(whole), size):
            transcript.read(whole[start_at : start_at + size])
        assert transcript.text == "Grüße"
        assert transcript.is_over
        assert transcript.has_ended_well


def test_only_the_first_of_several_choices_is_kept() -> None:
    transcript = Transcript()
    other = event("other").replace(b'"index": 0', b'"index": 1')
    transcript.read(event("first") + other + DONE)
    assert transcript.text == "first"
