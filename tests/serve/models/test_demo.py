"""The demo model: deterministic, in the exact shapes of the API, and strict about its input."""

import json
import time
from typing import Any

import pytest

from llmops_cli.serve.models.demo_memory import SIGNATURE, reply
from tests.serve.served import Served

PATH = "/v1/chat/completions"


def told(*said: str) -> str:
    answer = reply(said, len(said))
    assert answer.startswith(SIGNATURE)
    return answer.removeprefix(SIGNATURE).strip()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["My name is Ada", "What is my name?"], "Your name is Ada."),
        (["i am called O'Neil-Smith.", "what's my name"], "Your name is O'Neil-Smith."),
        (["My name is Ada", "My name is Bob", "What is my name?"], "Your name is Bob."),
        (["My name is Ada. What is my name?"], "Your name is Ada."),
        (["What is my name?"], "You have not told me your name."),
        (["My favourite colour is dark blue.", "What is my favourite colour?"], "dark blue"),
        (["The code word is zebra-42.", "So what is the code word?"], "zebra-42"),
        (["Remember that the bus leaves at 9.", "What did I ask you to remember?"], "bus leaves"),
        (["remember milk", "remember eggs", "Do you remember?"], "milk; eggs"),
        (["My name is Ada"], "I will remember that your name is Ada."),
        (["remember milk"], "I will remember: milk."),
        (["Hi", "Good day"], 'You have given me 2 message(s); the last one says: "Good day"'),
        ([], "You have given me 0 message(s)"),
    ],
)
def test_it_knows_what_it_was_told(said: list[str], answer: str) -> None:
    assert answer in told(*said)


def test_a_long_message_is_answered_at_once_and_echoed_in_part() -> None:
    started = time.process_time()
    for text in ("my a " * 50_000, "my name is " * 20_000, "remember that " * 20_000, "x" * 10**6):
        assert len(told(text)) < 1000
    assert time.process_time() - started < 0.5


def test_a_completion_has_every_field(demo: Served) -> None:
    body = demo.chat("Hello there").json()
    assert body["id"].startswith("chatcmpl-")
    assert (body["object"], body["model"]) == ("chat.completion", "demo")
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["choices"][0]["message"]["role"] == "assistant"
    usage = body["usage"]
    assert usage["prompt_tokens"] == 2
    assert usage["total_tokens"] == 2 + usage["completion_tokens"]


def test_a_stream_says_the_same_in_many_events(demo: Served) -> None:
    whole = demo.chat("Hello").json()["choices"][0]["message"]["content"]
    answer = demo.chat("Hello", stream=True, stream_options={"include_usage": True})
    *lines, done = answer.text.strip().split("\n\n")
    chunks: list[Any] = [json.loads(line.removeprefix("data: ")) for line in lines]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert done == "data: [DONE]"
    assert "".join(delta.get("content", "") for delta in deltas) == whole
    assert len(chunks) == len(whole.split()) + 3
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == len(whole.split())
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


def test_the_words_of_a_stream_come_one_after_the_other(demo: Served) -> None:
    request = {"messages": [{"role": "user", "content": "count to 20"}], "stream": True}
    with demo.client.stream("POST", PATH, json=request) as response:
        arrivals = [time.perf_counter() for _ in response.iter_lines()]
    assert arrivals[-1] - arrivals[0] >= 0.15
    assert len(set(arrivals)) >= 20


def test_an_answer_is_cut_at_the_limit_and_says_so(demo: Served) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        choice = demo.chat("count to 9", **{name: 3}).json()["choices"][0]
        assert choice["message"]["content"] == "1 2 3 "
        assert choice["finish_reason"] == "length"


GARBAGE: list[dict[str, Any]] = [
    {},
    {"messages": None},
    {"messages": []},
    {"messages": "Hello"},
    {"messages": {"role": "user"}},
    {"messages": [7]},
    {"messages": [None]},
    {"messages": [{}]},
    {"messages": [{"role": 7, "content": "a"}]},
    {"messages": [{"role": "user", "content": 7}]},
    {"messages": [{"role": "user", "content": {"a": 1}}]},
    {"messages": [{"role": "user", "content": ["a"]}]},
    {"messages": [{"role": "user", "content": [{"text": 7}]}]},
    {"messages": [{"role": "user", "content": "a"}], "max_tokens": "many"},
    {"messages": [{"role": "user", "content": "a"}], "max_tokens": 0},
    {"messages": [{"role": "user", "content": "a"}], "max_tokens": True},
    {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1.5},
    {"messages": [{"role": "user", "content": "a"}], "stream": "yes"},
    {"messages": [{"role": "user", "content": "a"}], "stream_options": []},
]


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("stream", [False, True])
def test_garbage_is_a_400_that_names_the_field(
    demo: Served, body: dict[str, Any], stream: bool
) -> None:
    answer = demo.post(PATH, {"stream": stream, **body})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": None},
        {"role": "user"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "system", "content": ""},
        {"role": "user", "content": "\ud800"},
        {"role": "user", "content": "\x00 and 日本"},
    ],
)
def test_every_message_that_the_api_allows_is_answered(
    demo: Served, message: dict[str, Any]
) -> None:
    body = json.dumps({"messages": [message]}).encode()
    assert demo.client.post(PATH, content=body).status_code == 200
