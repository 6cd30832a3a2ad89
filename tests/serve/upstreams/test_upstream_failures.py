"""What an upstream does wrong, and what the caller is told of it (G5, G10)."""

import json
import re
import time
from typing import Any

import pytest

from tests.serve.conftest import BUDGET, Start, in_front_of
from tests.serve.scripted_upstream import (
    KEY,
    Act,
    ScriptedUpstream,
    answers,
    dies_after,
    hangs,
    hangs_up,
    says,
)
from tests.serve.served import Served

OUR_FAULTS: list[tuple[Act, int, str]] = [
    (says(401, KEY.encode()), 502, "upstream_status"),
    (says(403), 502, "upstream_status"),
    (says(500, b"Traceback"), 502, "upstream_status"),
    (says(503), 502, "upstream_status"),
    (says(302, Location="http://127.0.0.1:1/"), 502, "upstream_status"),
    (hangs_up, 502, "upstream_answer"),
    (hangs, 504, "upstream_timeout"),
]


@pytest.mark.parametrize(("act", "status", "code"), OUR_FAULTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_fault_that_is_not_the_callers_is_a_gateway_error(
    gateway: Served, upstream: ScriptedUpstream, act: Act, status: int, code: str, stream: bool
) -> None:
    upstream.plays(act)
    answer = gateway.chat("my private words", stream=stream)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["type"] == "server_error"
    assert len(upstream.calls) == 1
    for secret in (KEY, "Traceback", upstream.base_url):
        assert secret not in answer.text


def test_an_incident_finds_its_log_line(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(says(500))
    body = gateway.chat("Hello").json()
    assert re.fullmatch("inc_[0-9a-f]{12}", body["incident_id"])
    assert body["incident_id"] in body["error"]["message"]
    lines = [line for line in gateway.log() if line.get("incident_id") == body["incident_id"]]
    assert [line["upstream"] for line in lines] == ["scripted"]
    assert KEY not in gateway.output.read_text()


@pytest.mark.parametrize("status", [400, 404, 413, 422, 429])
def test_a_fault_of_the_caller_is_passed_on_with_the_words_of_the_upstream(
    gateway: Served, upstream: ScriptedUpstream, status: int
) -> None:
    fault: dict[str, Any] = {"error": {"message": "Too much.", "type": "t", "code": "c"}}
    upstream.plays(says(status, json.dumps(fault).encode(), Retry_After="7"))
    answer = gateway.chat("Hello")
    assert (answer.status_code, answer.json()["error"]) == (status, fault["error"])
    assert answer.json()["incident_id"] in gateway.output.read_text()
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b"", b"[]", b'{"error": "text"}'])
def test_words_that_are_no_openai_error_are_replaced_by_ours(
    gateway: Served, upstream: ScriptedUpstream, body: bytes
) -> None:
    upstream.plays(says(404, body, Content_Type="text/html"))
    answer = gateway.chat("Hello")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json()["error"]["message"] == "The upstream answered 404"


def test_nobody_there_is_a_502_at_once(start: Start) -> None:
    api = start(**in_front_of("http://127.0.0.1:1/v1"))
    api.get("/health")
    started = time.perf_counter()
    answer = api.chat("Hello")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_unreachable"
    assert time.perf_counter() - started < 1


def test_silence_is_a_504_within_the_budget(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(hangs)
    started = time.perf_counter()
    assert gateway.chat("Hello").status_code == 504
    assert BUDGET <= time.perf_counter() - started < 2 * BUDGET
    assert upstream.abandoned.wait(5)


def test_an_answer_that_breaks_off_is_a_502_and_not_half_an_answer(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    def half(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.close_connection = True

    upstream.plays(half)
    answer = gateway.chat("Hello")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_answer"


def test_after_a_failure_the_next_request_is_answered(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(hangs_up, says(500), dies_after(b"data: {"))
    statuses = [gateway.chat("Hello").status_code for _ in range(2)]
    gateway.chat("Hello", stream=True)
    assert statuses == [502, 502]
    # On a connection that was kept from an earlier test, what hangs up is asked once more.
    upstream.plays(answers("back"))
    assert gateway.chat("Hello").json()["choices"][0]["message"]["content"] == "back"


@pytest.mark.parametrize(
    ("body", "status"), [({"model": 1}, 400), ({"model": "unknown", "messages": []}, 404)]
)
def test_a_request_that_we_refuse_has_an_incident_too(
    gateway: Served, upstream: ScriptedUpstream, body: Any, status: int
) -> None:
    answer = gateway.post("/v1/chat/completions", body)
    assert (answer.status_code, upstream.calls) == (status, [])
    incident = answer.json()["incident_id"]
    lines = [line for line in gateway.log() if line.get("incident_id") == incident]
    assert {line["request_id"] for line in lines} == {answer.headers["x-request-id"]}
