"""What is too much at once waits for a short time, or is told to come back at once."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.serve import raw
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import (
    DONE,
    ScriptedUpstream,
    event,
    hangs,
    streams,
    waits_then_answers,
)
from tests.serve.served import Served
from tests.waiting import eventually

SECONDS = 30
CHAT = json.dumps({"messages": [{"role": "user", "content": "Hello"}]}).encode()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def _narrow(start: Start, upstream: ScriptedUpstream, **variables: str) -> Served:
    """Start an API in which one request is worked on and one more may wait."""
    narrow = {"LLMOPS_MAX_CONCURRENT": "1", "LLMOPS_QUEUE_SIZE": "1", "LLMOPS_QUEUE_SECONDS": "60"}
    more = {"LLMOPS_REQUEST_SECONDS": "60"}
    return start(**in_front_of(upstream.base_url) | narrow | more | variables)


def _occupied(
    api: Served, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> "Future[httpx2.Response]":
    upstream.plays(waits_then_answers("First."))
    first = threads.submit(api.chat, "Hello")
    assert upstream.arrived.wait(SECONDS)
    return first


@contextmanager
def _queued(api: Served) -> Iterator[socket.socket]:
    """Let one request stand in the queue, and yield its connection."""
    with raw.connected(api) as waiting:
        lines = (f"Content-Length: {len(CHAT)}", "Content-Type: application/json")
        waiting.sendall(raw.head("POST", "/v1/chat/completions", *lines) + CHAT)
        # What came first is read first.
        with raw.connected(api) as later:
            later.sendall(raw.head("GET", "/health"))
            assert raw.answer(later).status == 200
        yield waiting


def test_the_third_is_shed_and_the_second_answered_after_the_first(
    start: Start, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> None:
    api = _narrow(start, upstream)
    first = _occupied(api, upstream, threads)
    with _queued(api) as second:
        third = api.chat("Hello")
        assert third.status_code == 503
        assert third.headers["retry-after"] == "60"
        assert third.json()["error"]["code"] == "overloaded"
        assert len(upstream.calls) == 1
        upstream.go_on.set()
        assert first.result().json()["choices"][0]["message"]["content"] == "First."
        answer = raw.answer(second)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello."


def test_outside_of_v1_the_refusal_has_an_incident(
    start: Start, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> None:
    api = _narrow(start, upstream, LLMOPS_QUEUE_SIZE="0")
    _occupied(api, upstream, threads)
    answer = api.post("/sessions")
    assert answer.status_code == 503
    assert answer.json()["error"] == "ServiceUnavailable"
    assert answer.json()["incident_id"].startswith("inc_")
    assert answer.json()["detail"].startswith("The API has more to do")
    upstream.go_on.set()


def test_who_waits_too_long_is_shed(
    start: Start, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> None:
    api = _narrow(start, upstream, LLMOPS_QUEUE_SECONDS="0.2")
    _occupied(api, upstream, threads)
    answer = api.chat("Hello")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    upstream.go_on.set()


def test_who_leaves_the_queue_frees_its_place(
    start: Start, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> None:
    api = _narrow(start, upstream)
    first = _occupied(api, upstream, threads)
    with _queued(api):
        assert api.chat("Hello").status_code == 503
    eventually(lambda: any(line.get("status") == 499 for line in api.log()))
    second = threads.submit(api.chat, "Hello")
    upstream.go_on.set()
    assert (first.result().status_code, second.result().status_code) == (200, 200)


def test_what_is_no_request_to_a_model_never_waits(
    start: Start, upstream: ScriptedUpstream, threads: ThreadPoolExecutor
) -> None:
    api = _narrow(start, upstream, LLMOPS_QUEUE_SIZE="0")
    first = _occupied(api, upstream, threads)
    for path in ("/health", "/health/ready", "/version", "/v1/models"):
        assert api.get(path).status_code == 200
    upstream.go_on.set()
    assert first.result().status_code == 200


def test_a_stream_holds_its_place_until_it_ends(start: Start, upstream: ScriptedUpstream) -> None:
    api = _narrow(start, upstream, LLMOPS_QUEUE_SIZE="0")
    upstream.plays(streams(event("One"), event("Two"), DONE, waits_after=1))
    body: Any = {"messages": [{"role": "user", "content": "Count"}], "stream": True}
    with api.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        assert "One" in next(lines)
        assert api.chat("Hello").status_code == 503
        upstream.go_on.set()
        assert "[DONE]" in "".join(lines)
    assert api.chat("Hello").status_code == 200


def test_a_client_that_goes_away_gives_its_place_back(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = _narrow(start, upstream, LLMOPS_QUEUE_SIZE="0")
    upstream.plays(hangs)
    with raw.connected(api) as leaving:
        lines = (f"Content-Length: {len(CHAT)}", "Content-Type: application/json")
        leaving.sendall(raw.head("POST", "/v1/chat/completions", *lines) + CHAT)
        assert upstream.arrived.wait(SECONDS)
    assert eventually(lambda: api.chat("Hello").status_code == 200)
