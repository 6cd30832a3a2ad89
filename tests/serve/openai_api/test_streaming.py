"""Streams: passed on as they come, given up when nobody listens, never ended in silence (G12)."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.serve.conftest import BUDGET, Start, in_front_of
from tests.serve.scripted_upstream import (
    DONE,
    ScriptedUpstream,
    dies_after,
    event,
    falls_silent_after,
    hangs,
    streams,
)
from tests.serve.served import Served

REQUEST = {"messages": [{"role": "user", "content": "Hello"}], "stream": True}
PATH = "/v1/chat/completions"


def events(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(item) for item in data if item != "[DONE]"]


def raw(response: httpx2.Response) -> Iterator[bytes]:
    return (chunk for chunk in response.iter_raw() if chunk)


@pytest.mark.parametrize("framed", [True, False])
def test_the_first_event_arrives_before_the_upstream_goes_on(
    gateway: Served, upstream: ScriptedUpstream, framed: bool
) -> None:
    upstream.plays(streams(event("one"), event("two"), DONE, waits_after=1, framed=framed))
    with gateway.client.stream("POST", PATH, json=REQUEST) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-cache"
        assert "content-length" not in response.headers
        chunks = raw(response)
        assert next(chunks) == event("one")
        assert not upstream.go_on.is_set()
        upstream.go_on.set()
        assert b"".join(chunks) == event("two") + DONE


def test_a_client_that_leaves_takes_the_call_of_the_upstream_with_it(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(falls_silent_after(event("one")))
    with gateway.client.stream("POST", PATH, json=REQUEST) as response:
        assert next(raw(response)) == event("one")
    started = time.perf_counter()
    assert upstream.abandoned.wait(5)
    assert time.perf_counter() - started < BUDGET / 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_any_answer_does_so_too(
    gateway: Served, upstream: ScriptedUpstream, stream: bool
) -> None:
    upstream.plays(hangs)
    impatient = httpx2.Client(base_url=gateway.address, headers=gateway.client.headers)
    with impatient, pytest.raises(httpx2.ReadTimeout):
        impatient.post(PATH, json={**REQUEST, "stream": stream}, timeout=0.3)
    started = time.perf_counter()
    assert upstream.abandoned.wait(5)
    assert time.perf_counter() - started < BUDGET / 2


@pytest.mark.parametrize("framed", [True, False])
def test_an_upstream_that_dies_half_way_is_told_as_an_event(
    gateway: Served, upstream: ScriptedUpstream, framed: bool
) -> None:
    upstream.plays(dies_after(event("one"), b'data: {"choices', framed=framed))
    answer = gateway.post(PATH, REQUEST)
    assert answer.content.startswith(event("one"))
    assert "[DONE]" not in answer.text
    last = json.loads(answer.text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["code"] == "upstream_answer"
    assert "inc_" in last["error"]["message"]


def test_an_upstream_that_falls_silent_is_told_as_an_event(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(falls_silent_after(event("one")))
    answer = gateway.post(PATH, REQUEST)
    assert events(answer.text)[-1]["error"]["code"] == "upstream_timeout"
    assert upstream.abandoned.wait(5)


def test_a_stream_may_take_longer_than_the_budget_while_it_goes_on(demo: Served) -> None:
    started = time.perf_counter()
    answer = demo.chat("count to 100", stream=True)
    assert time.perf_counter() - started > 0.9
    assert len(events(answer.text)) == 102


def test_a_stream_that_ends_as_it_should_has_no_error(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    body = b": ping\n\n" + event("one") + DONE
    upstream.plays(streams(body), streams(body, framed=False))
    for _ in range(2):
        assert gateway.post(PATH, REQUEST).content == body


def test_a_silence_is_filled_with_comments_that_every_client_skips(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(
        **in_front_of(upstream.base_url)
        | {"LLMOPS_HEARTBEAT_SECONDS": "0.1", "LLMOPS_REQUEST_SECONDS": "20"}
    )
    upstream.plays(streams(event("one"), event("two"), DONE, waits_after=1))
    with api.client.stream("POST", PATH, json=REQUEST) as response:
        chunks = raw(response)
        assert next(chunks) == event("one")
        assert [next(chunks) for _ in range(2)] == [b": still here\n\n"] * 2
        upstream.go_on.set()
        rest = b"".join(chunks).replace(b": still here\n\n", b"")
    assert rest == event("two") + DONE


def test_a_model_that_thinks_before_its_first_word_is_waited_for(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(
        **in_front_of(upstream.base_url)
        | {"LLMOPS_HEARTBEAT_SECONDS": "0.1", "LLMOPS_REQUEST_SECONDS": "20"}
    )
    upstream.plays(streams(event("one"), DONE, waits_after=0))
    with api.client.stream("POST", PATH, json=REQUEST) as response:
        chunks = raw(response)
        assert next(chunks) == b": still here\n\n"
        upstream.go_on.set()
        assert b"".join(chunks).endswith(event("one") + DONE)


REPORT = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'


def test_tokens_are_asked_for_and_the_report_is_kept_from_who_did_not_ask(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(streams(event("one"), REPORT, DONE))
    assert gateway.post(PATH, REQUEST).content == event("one") + DONE
    assert upstream.calls[0].fields["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("options", [{"include_usage": True}, {"include_usage": False}, None])
def test_what_a_caller_says_of_the_usage_is_left_alone(
    gateway: Served, upstream: ScriptedUpstream, options: Any
) -> None:
    upstream.plays(streams(event("one"), REPORT, DONE))
    answer = gateway.post(PATH, {**REQUEST, "stream_options": options})
    assert answer.content == event("one") + REPORT + DONE
    assert upstream.calls[0].fields["stream_options"] == options


def test_an_upstream_that_knows_no_stream_options_gets_none(
    start: Start, upstream: ScriptedUpstream
) -> None:
    settings = in_front_of(upstream.base_url)
    entry = json.loads(settings["LLMOPS_UPSTREAMS"])[0]
    settings["LLMOPS_UPSTREAMS"] = json.dumps([{**entry, "stream_usage": False}])
    start(**settings).post(PATH, REQUEST)
    assert "stream_options" not in upstream.calls[0].fields
