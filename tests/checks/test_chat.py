"""A chat completion has OpenAI's shape, from models of every kind."""

import threading

import pytest

from tests.checks.asking import FAILED, PASSED, ask_one, subject
from tests.checks.faulty_servers import Asked, Reply, as_json, serving
from tests.checks.good_api import GoodApi, completion

CHAT = "POST /v1/chat/completions"


def chat_with(route, **details: object):
    with serving(GoodApi(faults={CHAT: route})) as server:
        return ask_one("chat", subject(server.url, **details)), server.asked


def test_the_first_model_listed_is_asked_unless_one_is_named() -> None:
    _, seen = chat_with(lambda one: as_json(completion("ready")))
    assert seen[-1].fields["model"] == "demo"
    _, seen = chat_with(lambda one: as_json(completion("ready")), model="mine")
    assert seen[-1].fields["model"] == "mine"


def test_a_reasoning_model_that_refuses_max_tokens_is_asked_as_it_wants_to_be() -> None:
    def reasoning(one: Asked) -> Reply:
        if "max_tokens" in one.fields:
            return as_json({"error": {"message": "Unsupported parameter: 'max_tokens'"}}, 400)
        assert one.fields["max_completion_tokens"] >= 256
        return as_json(completion("ready"))

    result, _ = chat_with(reasoning)
    assert result.verdict is PASSED


def test_an_empty_answer_is_asked_for_once_more_and_then_fails() -> None:
    result, seen = chat_with(lambda _: as_json(completion("")))
    assert result.verdict is FAILED
    assert [one.path for one in seen].count("/v1/chat/completions") == 2
    answers = iter(["", "ready"])
    assert chat_with(lambda _: as_json(completion(next(answers))))[0].verdict is PASSED


def test_an_answer_that_the_limit_cut_off_may_be_empty() -> None:
    empty = completion("")
    empty["choices"][0]["finish_reason"] = "length"
    assert chat_with(lambda _: as_json(empty))[0].verdict is PASSED


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502, 504])
def test_another_status_fails_with_what_the_server_said(status: int) -> None:
    result, _ = chat_with(lambda _: as_json({"error": {"message": "upstream is sick"}}, status))
    assert result.verdict is FAILED
    assert f"{status}: " in result.evidence
    assert "upstream is sick" in result.evidence


def test_a_refusal_without_a_credential_says_that_none_was_given() -> None:
    with serving(GoodApi()) as server:
        result = ask_one("chat", subject(server.url, credential=None))
    assert result.verdict is FAILED
    assert "no credential was given" in result.evidence


def test_the_message_has_to_be_the_assistants() -> None:
    other = completion("ready")
    other["choices"][0]["message"]["role"] = "user"
    assert chat_with(lambda _: as_json(other))[0].verdict is FAILED


def test_a_model_that_hangs_fails_after_its_own_time() -> None:
    def hang(one: Asked) -> Reply:
        threading.Event().wait(1)
        return as_json(completion("late"))

    result, _ = chat_with(hang, model_timeout_seconds=0.2)
    assert result.verdict is FAILED
    assert "no complete answer within 0.2 s" in result.evidence
