"""What Prometheus reads: well-named, of few labels, and only for who may (R3)."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.telemetry.exposition import Build, Exposition
from llmops_cli.serve.telemetry.metrics import Metrics
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, completion, event, hangs, says, streams
from tests.serve.served import KEY, RELEASE, Served

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]

PRICES = '[{"model": "m", "input": 3, "output": 15}]'
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def scraped(api: Served) -> Numbers:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(api.get("/metrics").text)
        for sample in family.samples
    }


def value(numbers: Numbers, name: str, **labels: str) -> float:
    return numbers[name, frozenset(labels.items())]


def test_requests_that_are_refused_at_the_gate_are_counted_by_template_too(start: Start) -> None:
    api = start()
    wrong = {"Authorization": "Bearer wrong-key"}
    api.post("/v1/chat/completions", {}, headers=wrong)
    api.get("/sessions/private-words", headers=wrong)
    api.get("/private/words", headers=wrong)
    numbers = scraped(api)
    count = "llmops_requests_total"
    path = "/v1/chat/completions"
    assert value(numbers, count, method="POST", endpoint=path, status="401") == 1
    path = "/sessions/{session_id}"
    assert value(numbers, count, method="GET", endpoint=path, status="401") == 1
    assert value(numbers, count, method="GET", endpoint="(no route)", status="401") == 1
    assert "private" not in str(numbers)


def test_requests_are_counted_by_method_template_and_status(start: Start) -> None:
    api = start()
    session = api.new_session()
    for message in ("one", "two"):
        api.say(session, message)
    api.client.request("PROPFIND", "/health")
    for path in ("/a", "/b"):
        api.get(path)
    numbers = scraped(api)
    path = "/sessions/{session_id}/message"
    count = "llmops_requests_total"
    assert value(numbers, count, method="POST", endpoint=path, status="200") == 2
    assert value(numbers, count, method="GET", endpoint="(no route)", status="404") == 2
    assert value(numbers, count, method="OTHER", endpoint="/health", status="405") == 1
    assert value(numbers, "llmops_requests_in_flight") == 1
    duration = "llmops_request_duration_seconds"
    assert value(numbers, f"{duration}_count", method="POST", endpoint=path) == 2
    assert value(numbers, f"{duration}_bucket", method="POST", endpoint=path, le="+Inf") == 2
    assert 0 < value(numbers, f"{duration}_sum", method="POST", endpoint=path) < 30
    assert session not in str(numbers)
    assert value(numbers, "llmops_build_info", release=RELEASE, commit="", version="unknown") == 1


def test_calls_of_models_are_counted_by_tokens_cost_and_time(
    start: Start, upstream: ScriptedUpstream
) -> None:
    variables = {**in_front_of(upstream.base_url), "LLMOPS_PRICES": PRICES}
    api = start(**{**variables, "LLMOPS_RETRIES": "1", "LLMOPS_RETRY_SECONDS": "0.01"})
    whole = says(200, completion("Hello.", usage=USAGE))
    upstream.plays(whole, says(500), whole, streams(event("Hello"), event(" you")))
    api.chat("Hello")
    api.chat("Hello")
    api.chat("Hello", model="family/other", stream=True)
    api.chat("Hello", model="one that nobody serves")
    numbers = scraped(api)
    tokens = {"model": "m", "tenant": "default"}
    assert value(numbers, "llmops_llm_tokens_total", type="prompt", **tokens) == 2000
    assert value(numbers, "llmops_llm_tokens_total", type="completion", **tokens) == 200
    assert value(numbers, "llmops_llm_cost_total", model="m") == pytest.approx(0.009)
    assert value(numbers, "llmops_llm_retries_total", upstream="scripted") == 1
    first = "llmops_llm_time_to_first_token_seconds_count"
    assert value(numbers, first, model="family/other") == 1
    took = "llmops_llm_request_duration_seconds_count"
    assert value(numbers, took, model="m", upstream="scripted") == 2
    assert value(numbers, took, model="family/other", upstream="scripted") == 1
    assert "nobody serves" not in str(numbers)


def test_the_circuits_are_shown(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**{**in_front_of(upstream.base_url), "LLMOPS_CIRCUIT_FAILURES": "1"})
    assert value(scraped(api), "llmops_circuit_state", upstream="scripted") == 0
    upstream.plays(says(500))
    api.chat("Hello")
    assert value(scraped(api), "llmops_circuit_state", upstream="scripted") == 2


def test_a_client_that_leaves_is_counted_once(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**in_front_of(upstream.base_url))
    upstream.plays(hangs)
    host, port = api.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nX-API-Key: {KEY}\r\n"
        connection.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
        assert upstream.arrived.wait(5)
    assert upstream.abandoned.wait(5)
    numbers = scraped(api)
    assert value(numbers, "llmops_requests_in_flight") == 1
    left = {"method": "POST", "endpoint": "/v1/chat/completions", "status": "499"}
    assert value(numbers, "llmops_requests_total", **left) == 1


def test_the_metrics_need_a_key(demo: Served) -> None:
    assert httpx2.get(f"{demo.address}/metrics").status_code == 401
    assert demo.get("/metrics").status_code == 200


def test_the_metrics_can_be_open(start: Start) -> None:
    api = start(LLMOPS_METRICS="open")
    assert httpx2.get(f"{api.address}/metrics").status_code == 200
    assert httpx2.get(f"{api.address}/v1/models").status_code == 401


def test_the_metrics_can_be_off(start: Start) -> None:
    api = start(LLMOPS_METRICS="off")
    assert httpx2.get(f"{api.address}/metrics").status_code == 401
    assert api.get("/metrics").status_code == 404


def test_an_agent_that_prefers_openmetrics_gets_it(demo: Served) -> None:
    answer = demo.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert any(family.name == "llmops_requests" for family in read_openmetrics(answer.text))


def families() -> Iterator[Any]:
    """Every metric there is, each with a sample."""
    metrics = Metrics()
    exchange = Exchange("id", {"method": "GET", "path": "/"})
    exchange.caller = Caller("me")
    exchange.model = exchange.upstream = "m"
    exchange.called_at = exchange.first_chunk_at = exchange.started_at
    exchange.prompt_tokens = exchange.completion_tokens = exchange.attempts = 2
    exchange.cost = 1.0
    exchange.end()
    metrics.began(exchange, {})
    metrics.over(exchange)
    return Exposition(metrics, Build("r", "c", "v"), lambda: {"m": "closed"}).collect()


def test_names_and_words_are_as_prometheus_wants_them() -> None:
    every = list(families())
    assert len({family.name for family in every}) == len(every) == 10
    for family in every:
        assert re.fullmatch(r"llmops(_[a-z]+)+", family.name)
        assert family.documentation.endswith(".")
        assert family.samples
        # The suffix of a counter belongs to its samples, and no metric is in milliseconds.
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_ms"))
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
            bounds = [s.labels["le"] for s in family.samples if s.name.endswith("_bucket")]
            assert bounds[-1] == "+Inf"
            assert sorted(bounds, key=float) == bounds
