"""An upstream that keeps failing is left alone, and found again (G7, G8, G9)."""

import time

import httpx2
import pytest

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import Act, ScriptedUpstream, answers, hangs, hangs_up, says
from tests.serve.served import Served
from tests.waiting import eventually

FAILURES = 3
FAULT = says(500)
OPEN_SECONDS = 0.5


def breaking(base_url: str, seconds: float = OPEN_SECONDS) -> dict[str, str]:
    return {
        **in_front_of(base_url),
        "LLMOPS_CIRCUIT_FAILURES": str(FAILURES),
        "LLMOPS_CIRCUIT_SECONDS": str(seconds),
    }


def break_circuit(api: Served, upstream: ScriptedUpstream, fault: Act = FAULT) -> None:
    upstream.plays(*[fault] * FAILURES)
    for _ in range(FAILURES):
        assert api.chat("Hello").status_code == 502
    upstream.calls.clear()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/llm/generate"])
def test_an_open_circuit_answers_at_once_and_asks_nobody(
    start: Start, upstream: ScriptedUpstream, path: str
) -> None:
    api = start(**breaking(upstream.base_url, 20))
    break_circuit(api, upstream)
    started = time.perf_counter()
    answer = api.post(path, {"prompt": "Hello", "messages": []})
    assert time.perf_counter() - started < 0.5
    assert answer.status_code == 503
    assert "Circuit breaker is open" in answer.text
    assert answer.json()["circuit_state"] == "open"
    assert answer.json()["incident_id"]
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert upstream.calls == []


def test_a_circuit_closes_when_the_upstream_answers_again(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**breaking(upstream.base_url))
    break_circuit(api, upstream)
    eventually(lambda: api.chat("Hello").status_code == 200)
    break_circuit(api, upstream)


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_probe_that_is_refused_does_not_wedge_it(
    start: Start, upstream: ScriptedUpstream, status: int
) -> None:
    api = start(**breaking(upstream.base_url))
    break_circuit(api, upstream)
    upstream.plays(says(status))
    eventually(lambda: api.chat("Hello").status_code != 503)
    assert api.chat("Hello").status_code == 200


def test_a_probe_whose_client_left_does_not_wedge_it(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**breaking(upstream.base_url) | {"LLMOPS_REQUEST_SECONDS": "30"})
    break_circuit(api, upstream, hangs_up)
    upstream.plays(hangs)

    def leave() -> bool:
        """Whether a request got through to the upstream, and gave up on it."""
        try:
            body = {"messages": []}
            answer = api.client.post("/v1/chat/completions", json=body, timeout=0.3)
        except httpx2.TimeoutException:
            return True
        return answer.status_code != 503

    eventually(leave)
    assert upstream.abandoned.wait(5)
    eventually(lambda: api.chat("Hello").status_code == 200)


def test_a_probe_that_fails_opens_it_again(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**breaking(upstream.base_url))
    break_circuit(api, upstream)
    upstream.plays(says(500))
    eventually(lambda: api.chat("Hello").status_code == 502)
    assert api.chat("Hello").status_code == 503
    eventually(lambda: api.chat("Hello").status_code == 200)


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
def test_only_faults_of_the_upstream_count(
    start: Start, upstream: ScriptedUpstream, status: int
) -> None:
    api = start(**breaking(upstream.base_url, 60))
    upstream.plays(*[says(status)] * 10)
    for _ in range(10):
        assert api.chat("Hello").status_code != 503
    assert api.chat("Hello").status_code == 200


def test_a_success_in_between_starts_the_count_anew(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**breaking(upstream.base_url, 60))
    for _ in range(3):
        upstream.plays(*[says(500)] * (FAILURES - 1), answers("Here."))
        statuses = [api.chat("Hello").status_code for _ in range(FAILURES)]
        assert statuses == [502] * (FAILURES - 1) + [200]
