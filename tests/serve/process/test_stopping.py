"""A stop is announced first, finishes what is under way, and ends in time (Z1, H6)."""

import signal
import threading
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
    falls_silent_after,
    hangs,
    streams,
    waits_then_answers,
)
from tests.serve.served import Served
from tests.waiting import eventually

SECONDS = 30
REFUSAL = "Service is shutting down. Please retry later."


class Leaving:
    """An API that was told to stop while one request is under way."""

    def __init__(self, api: Served, upstream: ScriptedUpstream, asked: "Future[Any]") -> None:
        self.api = api
        self.upstream = upstream
        self.asked = asked

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Ask on a connection of its own, as a load balancer would that knows nothing."""
        headers = dict(self.api.client.headers)
        return httpx2.request(method, self.api.address + path, headers=headers, **options)

    def is_announced(self) -> bool:
        return self.ask("GET", "/health/ready").status_code == 503

    def finish(self) -> int:
        self.upstream.go_on.set()
        return self.api.process.wait(SECONDS)

    def said(self) -> list[str]:
        return [line["message"] for line in self.api.log()]


@contextmanager
def _leaving(start: Start, upstream: ScriptedUpstream, **variables: str) -> Iterator[Leaving]:
    api = start(**in_front_of(upstream.base_url) | {"LLMOPS_REQUEST_SECONDS": "60"} | variables)
    if not upstream.script:
        upstream.plays(waits_then_answers("Done."))
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(api.chat, "Hello")
        assert upstream.arrived.wait(SECONDS)
        api.process.send_signal(signal.SIGTERM)
        leaving = Leaving(api, upstream, asked)
        eventually(leaving.is_announced)
        yield leaving
        upstream.go_on.set()


@pytest.fixture
def leaving(start: Start, upstream: ScriptedUpstream) -> Iterator[Leaving]:
    with _leaving(start, upstream) as made:
        yield made


def test_what_is_under_way_is_answered_and_the_status_is_0(leaving: Leaving) -> None:
    eventually(lambda: "Waiting for 1 in-flight request(s)" in leaving.said())
    assert leaving.finish() == 0
    answer = leaving.asked.result()
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Done."
    assert "Graceful shutdown completed" in leaving.said()


def test_readiness_says_so_while_liveness_is_well(leaving: Leaving) -> None:
    ready = leaving.ask("GET", "/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert leaving.ask("GET", "/health/detailed").json()["status"] == "draining"
    assert leaving.ask("GET", "/health").status_code == 200
    assert leaving.ask("GET", "/version").status_code == 200
    assert not leaving.asked.done()


def test_a_new_request_is_told_to_come_back(leaving: Leaving) -> None:
    answer = eventually(lambda: _refused(leaving, "/sessions"))
    assert answer.json() == {"detail": REFUSAL, "retry_after": 30}
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]


def test_under_v1_it_is_told_in_the_words_of_openai(leaving: Leaving) -> None:
    answer = eventually(lambda: _refused(leaving, "/v1/chat/completions"))
    assert answer.json()["error"]["message"] == REFUSAL
    assert answer.json()["error"]["code"] == "shutting_down"


def _refused(leaving: Leaving, path: str) -> httpx2.Response | None:
    # The server looks for signals ten times in a second; until then it serves.
    answer = leaving.ask("POST", path, json={"messages": []})
    return answer if answer.status_code == 503 else None


def test_nothing_listens_any_more_once_nothing_is_under_way(leaving: Leaving) -> None:
    leaving.finish()
    with pytest.raises(httpx2.ConnectError):
        leaving.ask("GET", "/health")


def test_in_the_linger_time_new_requests_are_served(
    start: Start, upstream: ScriptedUpstream
) -> None:
    with _leaving(start, upstream, LLMOPS_LINGER_SECONDS="60") as leaving:
        for _ in range(20):
            answer = leaving.ask("POST", "/sessions")
            assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        leaving.api.process.send_signal(signal.SIGTERM)


def test_a_stream_goes_on_to_its_end(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**in_front_of(upstream.base_url))
    upstream.plays(streams(event("One"), event("Two"), DONE, waits_after=1))
    body = {"messages": [{"role": "user", "content": "Count"}], "stream": True}
    with api.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        assert "One" in next(lines)
        api.process.send_signal(signal.SIGTERM)
        upstream.go_on.set()
        rest = "".join(lines)
    assert "Two" in rest
    assert rest.endswith("[DONE]")
    assert api.process.wait(SECONDS) == 0


def test_a_request_that_hangs_is_refused_when_the_time_is_over(
    start: Start, upstream: ScriptedUpstream
) -> None:
    upstream.plays(hangs)
    with _leaving(start, upstream, LLMOPS_DRAIN_SECONDS="0.5") as leaving:
        assert leaving.api.process.wait(SECONDS) == 0
        answer = leaving.asked.result()
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "shutting_down"
    assert "Cutting off 1 request(s): the drain time is over" in leaving.said()
    assert "Graceful shutdown completed" not in leaving.said()


def test_a_stream_that_is_cut_off_ends_with_an_error_event(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**in_front_of(upstream.base_url), LLMOPS_DRAIN_SECONDS="0.5")
    upstream.plays(falls_silent_after(event("One")))
    body = {"messages": [{"role": "user", "content": "Count"}], "stream": True}
    with api.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        assert "One" in next(lines)
        api.process.send_signal(signal.SIGTERM)
        rest = [line for line in lines if line.startswith("data: ")]
    assert "shutting_down" in rest[-1]
    assert api.process.wait(SECONDS) == 0


def test_a_second_signal_ends_at_once_with_status_1(leaving: Leaving) -> None:
    leaving.api.process.send_signal(signal.SIGTERM)
    assert leaving.api.process.wait(SECONDS) == 1
    assert leaving.asked.result().status_code == 503
    assert "Cutting off 1 request(s): a second signal came" in leaving.said()


def test_an_idle_server_stops_gracefully(start: Start) -> None:
    api = start()
    assert api.get("/health").status_code == 200
    assert api.stop() == 0
    said = [line["message"] for line in api.log()]
    assert "Graceful shutdown completed" in said
    assert not any("in-flight" in message for message in said)


def test_polling_the_readiness_does_not_hold_up_the_stop(leaving: Leaving) -> None:
    ending = threading.Event()

    def poll() -> None:
        with raw.connected(leaving.api) as connection:
            while not ending.is_set():
                try:
                    connection.sendall(raw.head("GET", "/health/ready"))
                    raw.answer(connection)
                except (OSError, AssertionError):
                    return

    polling = threading.Thread(target=poll)
    polling.start()
    assert leaving.finish() == 0
    ending.set()
    polling.join(SECONDS)
