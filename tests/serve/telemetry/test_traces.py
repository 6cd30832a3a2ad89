"""Traces: one span for a request and one for the call of a model, as OpenTelemetry names them."""

import re
import socket
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, completion, event, says, streams
from tests.serve.served import RELEASE, Served
from tests.serve.telemetry import collector
from tests.serve.telemetry.collector import Collector, TakenSpan

SERVER, CLIENT = 2, 3
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


@pytest.fixture
def collecting() -> Iterator[Collector]:
    with collector.running() as running:
        yield running


@pytest.fixture
def traced(start: Start, upstream: ScriptedUpstream, collecting: Collector) -> Served:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collecting.endpoint}
    return start(**in_front_of(upstream.base_url), **variables)


def named(spans: list[TakenSpan], name: str) -> TakenSpan:
    [found] = [span for span in spans if span.name == name]
    return found


def test_a_chat_is_two_spans_in_the_trace_of_the_caller(
    traced: Served, upstream: ScriptedUpstream, collecting: Collector
) -> None:
    upstream.plays(says(200, completion("Hello.", usage=USAGE)))
    parent = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "mine"}
    body = {"messages": [{"role": "user", "content": "my private words"}]}
    traced.post("/v1/chat/completions", body, headers=parent)
    assert traced.stop() == 0
    request = named(collecting.spans, "POST /v1/chat/completions")
    call = named(collecting.spans, "chat m")
    assert (request.kind, request.trace_id, request.parent_id) == (SERVER, TRACE, CALLER)
    assert (call.kind, call.trace_id, call.parent_id) == (CLIENT, TRACE, request.id)
    assert request.start <= call.start <= call.end <= request.end
    assert request.attributes["http.route"] == "/v1/chat/completions"
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["llmops.request_id"] == "mine"
    assert call.attributes["gen_ai.operation.name"] == "chat"
    assert call.attributes["gen_ai.request.model"] == "m"
    assert call.attributes["gen_ai.usage.input_tokens"] == 12
    assert call.attributes["gen_ai.usage.output_tokens"] == 3
    assert call.attributes["server.address"] == "127.0.0.1"
    assert call.attributes["llmops.upstream"] == "scripted"
    assert request.resource["service.name"] == "llmops"
    assert request.resource["service.version"] == RELEASE
    # The upstream's own spans belong below ours, and the lines of the log to the trace.
    assert upstream.calls[0].headers["traceparent"] == f"00-{TRACE}-{call.id}-01"
    traces = {line.get("trace_id") for line in traced.log() if line["request_id"] == "mine"}
    assert traces == {TRACE}
    assert b"private" not in b"".join(collecting.raw)


def test_a_failure_is_in_both_spans(
    traced: Served, upstream: ScriptedUpstream, collecting: Collector
) -> None:
    upstream.plays(says(500))
    incident = traced.chat("Hello").json()["incident_id"]
    traced.stop()
    request = named(collecting.spans, "POST /v1/chat/completions")
    call = named(collecting.spans, "chat m")
    assert request.is_error
    assert call.is_error
    assert call.attributes["error.type"] == "upstream_status"
    assert request.attributes["http.response.status_code"] == 502
    assert request.attributes["llmops.incident_id"] == incident


def test_a_stream_tells_when_its_first_piece_came(
    traced: Served, upstream: ScriptedUpstream, collecting: Collector
) -> None:
    upstream.plays(streams(event("Hello")))
    traced.chat("Hello", stream=True)
    traced.stop()
    call = named(collecting.spans, "chat m")
    assert call.attributes["gen_ai.request.stream"] is True
    assert call.attributes["gen_ai.response.time_to_first_chunk"] > 0


def test_what_callers_do_wrong_is_no_error_of_the_server(
    traced: Served, collecting: Collector
) -> None:
    traced.get("/secret/path")
    traced.get("/health", headers={"traceparent": "00-garbage"})
    traced.stop()
    missing = named(collecting.spans, "GET")
    assert missing.attributes["http.response.status_code"] == 404
    assert not missing.is_error
    assert "/secret/path" not in str(missing)
    assert re.fullmatch("[0-9a-f]{32}", named(collecting.spans, "GET /health").trace_id)


def test_a_trace_that_the_caller_does_not_record_is_passed_on_and_not_recorded(
    traced: Served, upstream: ScriptedUpstream, collecting: Collector
) -> None:
    parent = {"traceparent": f"00-{TRACE}-{CALLER}-00", "tracestate": "vendor=1"}
    traced.post("/v1/chat/completions", {"messages": []}, headers=parent)
    traced.stop()
    assert collecting.spans == []
    passed_on = upstream.calls[0].headers
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-00", passed_on["traceparent"])
    assert passed_on["tracestate"] == "vendor=1"


def test_without_a_collector_there_is_no_trace(gateway: Served, upstream: ScriptedUpstream) -> None:
    parent = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
    gateway.post("/v1/chat/completions", {"messages": []}, headers=parent)
    assert "traceparent" not in upstream.calls[-1].headers


@pytest.mark.parametrize("is_listening", [True, False])
def test_a_collector_that_does_not_answer_delays_nobody(start: Start, is_listening: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not is_listening:
            silent.close()
        api = start(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", OTEL_BSP_SCHEDULE_DELAY="10"
        )
        assert [api.get("/health").status_code for _ in range(20)] == [200] * 20
        started = time.monotonic()
        assert api.stop() == 0
        assert time.monotonic() - started < 20
        assert all(line["message"] for line in api.log())


def test_spans_can_go_into_the_log(start: Start) -> None:
    api = start(OTEL_TRACES_EXPORTER="console")
    api.chat("Hello")
    api.stop()
    spans = {line["span"]: line for line in api.log() if line["message"] == "Span"}
    assert spans.keys() == {"chat demo", "POST /v1/chat/completions"}
    parent = spans["POST /v1/chat/completions"]
    assert spans["chat demo"]["parent_id"] == parent["span_id"]


def test_a_disabled_sdk_traces_nothing(start: Start, upstream: ScriptedUpstream) -> None:
    variables = {"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}
    api = start(**in_front_of(upstream.base_url), **variables)
    api.chat("Hello")
    api.stop()
    assert "traceparent" not in upstream.calls[-1].headers
    assert all("trace_id" not in line for line in api.log())
