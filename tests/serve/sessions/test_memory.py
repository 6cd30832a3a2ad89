"""What a model is given of a session, and what outlives a process (S3, S6, S7)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serve import served
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, answers, says, waits_then_answers
from tests.serve.served import Served
from tests.serve.sessions.conftest import Keeping


def spoken(messages: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in messages]


def test_the_model_gets_the_system_prompt_and_every_turn_in_order(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(answers("one"), answers("two"))
    session = gateway.new_session()
    gateway.say(session, "first")
    gateway.say(session, "second")
    system, *said = spoken(upstream.calls[1].messages)
    assert system[0] == "system"
    assert said == [("user", "first"), ("assistant", "one"), ("user", "second")]
    assert upstream.calls[1].fields["model"] == "m"


def test_the_system_prompt_comes_from_the_file(
    start: Start, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    (tmp_path / "prompt.md").write_text("Speak like a pirate.")
    api = start(**in_front_of(upstream.base_url), LLMOPS_SYSTEM_PROMPT_FILE="prompt.md")
    api.say(api.new_session(), "Hello")
    assert upstream.calls[0].messages[0] == {"role": "system", "content": "Speak like a pirate."}


def test_at_most_twenty_rows_of_history_go_to_the_model_and_they_begin_with_the_user(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    session = gateway.new_session()
    for number in range(13):
        gateway.say(session, f"message {number}")
    said = upstream.calls[-1].messages[1:]
    assert len(said) == 19
    assert said[0] == {"role": "user", "content": "message 3"}
    assert said[-1] == {"role": "user", "content": "message 12"}


def test_the_number_of_rows_is_a_setting(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**in_front_of(upstream.base_url), LLMOPS_HISTORY_ROWS="1")
    session = api.new_session()
    api.say(session, "first")
    api.say(session, "second")
    assert spoken(upstream.calls[1].messages[1:]) == [("user", "second")]


def test_the_length_of_an_answer_is_limited_only_where_that_is_set(
    start: Start, gateway: Served, upstream: ScriptedUpstream
) -> None:
    gateway.say(gateway.new_session(), "Hello")
    api = start(**in_front_of(upstream.base_url), LLMOPS_SESSION_MAX_TOKENS="16")
    api.say(api.new_session(), "Hello")
    assert [call.fields.get("max_tokens") for call in upstream.calls] == [None, 16]


def test_the_raw_content_is_what_is_replayed(gateway: Served, upstream: ScriptedUpstream) -> None:
    raw = '{"answer": "one", "actions": ["a"]}'
    upstream.plays(answers(raw))
    session = gateway.new_session()
    gateway.say(session, "first")
    gateway.say(session, "second")
    assert spoken(upstream.calls[1].messages)[2] == ("assistant", raw)


def test_a_failed_turn_is_not_kept(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(says(500), answers("fine"))
    session = gateway.new_session()
    assert gateway.say(session, "Hello").status_code == 502
    assert gateway.get(f"/sessions/{session}").json()["messages"] == []
    assert gateway.say(session, "Hello").status_code == 200
    assert spoken(upstream.calls[1].messages[1:]) == [("user", "Hello")]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_session_survives_a_restart(tmp_path: Path, keeping: Keeping, how: str) -> None:
    with served.running(tmp_path, keeping) as api:
        session = api.new_session()
        api.say(session, "My name is Ada.")
        api.process.kill() if how == "kill" else api.stop()
    with served.running(tmp_path, keeping) as api:
        assert "Ada" in api.say(session, "What is my name?").json()["assistant"]["answer"]


def test_two_processes_share_their_sessions(tmp_path: Path, keeping: Keeping) -> None:
    with (
        served.running(tmp_path / "a", keeping) as one,
        served.running(tmp_path / "b", keeping) as other,
    ):
        session = one.new_session()
        one.say(session, "My name is Ada.")
        assert "Ada" in other.say(session, "What is my name?").json()["assistant"]["answer"]
        with ThreadPoolExecutor(8) as threads:
            statuses = threads.map(
                lambda number: (one, other)[number % 2].say(session, f"say {number}").status_code,
                range(24),
            )
            assert set(statuses) == {200}
        messages = spoken(one.get(f"/sessions/{session}").json()["messages"])
        assert len(messages) == 2 * 26
        for (asker, said), (answerer, answer) in zip(messages[4::2], messages[5::2], strict=True):
            assert (asker, answerer) == ("user", "assistant")
            assert f'"{said}"' in answer
        other.say(session, "end")
        assert one.say(session, "Hello").status_code == 404


def test_the_second_of_two_turns_at_once_knows_of_the_first(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(waits_then_answers("one"), answers("two"))
    session = gateway.new_session()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(gateway.say, session, "first")
        assert upstream.arrived.wait(5)
        second = threads.submit(gateway.say, session, "second")
        gateway.get("/health")
        assert len(upstream.calls) == 1
        upstream.go_on.set()
        assert first.result().status_code == second.result().status_code == 200
    assert spoken(upstream.calls[1].messages[1:]) == [
        ("user", "first"),
        ("assistant", "one"),
        ("user", "second"),
    ]


def test_one_session_does_not_wait_for_another(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(waits_then_answers("slow"), answers("fast"))
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(gateway.say, gateway.new_session(), "Hello")
        assert upstream.arrived.wait(5)
        fast = gateway.say(gateway.new_session(), "Hello")
        assert fast.json()["assistant"]["answer"] == "fast"
        upstream.go_on.set()
        assert slow.result().json()["assistant"]["answer"] == "slow"


def test_a_session_that_is_deleted_during_a_turn_stays_deleted(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(waits_then_answers("late"))
    session = gateway.new_session()
    with ThreadPoolExecutor(1) as threads:
        turn = threads.submit(gateway.say, session, "Hello")
        assert upstream.arrived.wait(5)
        assert gateway.client.delete(f"/sessions/{session}").status_code == 204
        upstream.go_on.set()
        assert turn.result().status_code == 404
    assert gateway.get(f"/sessions/{session}").status_code == 404
