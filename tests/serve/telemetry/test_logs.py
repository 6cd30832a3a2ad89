"""Every line on standard output is JSON, and none holds what a caller said (R2)."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, completion, event, says, streams
from tests.serve.served import KEY, RELEASE, Served

COMMON = {"timestamp", "level", "logger", "message", "request_id", "release"}


def completed(api: Served) -> list[dict[str, Any]]:
    return [line for line in api.log() if line["message"] == "Request completed"]


def test_from_start_to_stop_every_line_is_json_with_the_same_fields(start: Start) -> None:
    api = start()
    api.get("/health")
    assert api.stop() == 0
    lines = api.log()
    assert all(line.keys() >= COMMON for line in lines)
    assert {line["release"] for line in lines} == {RELEASE}
    assert any("startup complete" in line["message"] for line in lines)
    assert any("shutdown complete" in line["message"] for line in lines)


def test_a_request_has_one_line_with_the_template_of_its_path(start: Start) -> None:
    api = start()
    session = api.new_session()
    for path, body in (
        (f"/sessions/{session}/message", {"message": "my private words"}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "private too"}]}),
        ("/no/private/path", None),
    ):
        api.post(path, body, headers={"X-Request-ID": "test-request-123"})
    api.get("/health")
    api.stop()
    lines = [line for line in completed(api) if line["request_id"] == "test-request-123"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/sessions/{session_id}/message", 200),
        ("POST", "/v1/chat/completions", 200),
        ("POST", "(no route)", 404),
    ]
    assert all(line["duration_ms"] > 0 for line in lines)
    text = api.output.read_text()
    for secret in (KEY, "private", session):
        assert secret not in text


def test_a_client_that_left_is_no_error_of_ours(start: Start) -> None:
    api = start()
    host, port = api.address.removeprefix("http://").split(":")
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
        "Content-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        api.get("/health")
    assert api.stop() == 0
    assert {(line["path"], line["status"]) for line in completed(api)} == {
        ("/v1/chat/completions", 499),
        ("/health", 200),
    }
    assert all(line["level"] == "INFO" for line in api.log())


def test_a_higher_level_leaves_the_requests_out(start: Start) -> None:
    api = start(LLMOPS_LOG_LEVEL="warning")
    api.get("/health")
    api.stop()
    assert api.log() == []


def test_a_call_of_a_model_has_two_lines_with_the_caller_and_the_model(start: Start) -> None:
    api = start()
    session = api.new_session()
    own = {"headers": {"X-Request-ID": "test-request-123"}}
    api.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, **own)
    api.post("/llm/generate", {"prompt": "Hi"}, **own)
    api.post(f"/sessions/{session}/message", {"message": "Hi"}, **own)
    api.stop()
    lines = [line for line in api.log() if line["request_id"] == "test-request-123"]
    assert [line["message"] for line in lines] == ["LLM request started", "Request completed"] * 3
    assert {line["model"] for line in lines} == {"demo"}
    assert all(line["user"] for line in lines)


def test_the_line_of_a_call_says_what_is_known_of_it(
    start: Start, upstream: ScriptedUpstream
) -> None:
    prices = json.dumps([{"model": "m", "input": 3, "output": 15}])
    api = start(**in_front_of(upstream.base_url), LLMOPS_PRICES=prices)
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    upstream.plays(says(200, completion("Hello.", usage=usage)), says(500))
    api.chat("Hello")
    failed = api.chat("Hello").json()
    upstream.plays(streams(event("Hello")))
    api.chat("Hello", model="family/other", stream=True)
    api.stop()
    answered, refused, streamed = completed(api)
    assert {**answered, "upstream": "scripted", "attempts": 1, "is_stream": False} == answered
    assert {**answered, "prompt_tokens": 1000, "completion_tokens": 100} == answered
    assert answered["cost"] == 0.0045
    assert "time_to_first_token_ms" not in answered
    assert "incident_id" not in answered
    [incident] = [line for line in api.log() if line.get("incident_id") == failed["incident_id"]]
    assert incident["request_id"] == refused["request_id"]
    assert refused["status"] == 502
    assert streamed["is_stream"] is True
    assert 0 < streamed["time_to_first_token_ms"] <= streamed["duration_ms"]
    assert streamed.keys().isdisjoint({"prompt_tokens", "completion_tokens", "cost"})


def test_prompts_are_logged_only_where_somebody_asked_for_that(start: Start) -> None:
    api = start(LLMOPS_LOG_PROMPTS="true")
    api.chat("My private words. " + "x" * 5000)
    half_a_pair = r'{"messages": [{"role": "user", "content": "\ud800 and so on"}]}'
    api.client.post("/v1/chat/completions", content=half_a_pair)
    api.stop()
    warning = next(line for line in api.log() if line["level"] == "WARNING")
    assert "LLMOPS_LOG_PROMPTS" in warning["message"]
    long, odd = [line["prompt"] for line in api.log() if "prompt" in line]
    assert long.startswith("My private words. ")
    assert len(long) == 2000
    assert odd == "\ud800 and so on"


CRASHES = """
import asyncio, threading, warnings

async def broken():
    raise RuntimeError("in a task")

def crash():
    raise RuntimeError("in a thread")

class Sticky:
    def __del__(self):
        raise RuntimeError("in a finalizer")

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("knows no lifespan")
    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    del task
    Sticky()
    thread = threading.Thread(target=crash, name="worker")
    thread.start()
    thread.join()
    warnings.warn("something is deprecated")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


def test_what_nobody_catches_is_a_line_too(start: Start, tmp_path: Path) -> None:
    (tmp_path / "crashes.py").write_text(CRASHES)
    api = start(LLMOPS_APP="crashes:app")
    assert api.get("/").status_code == 200
    api.stop()
    told = "\n".join(f"{line['message']} {line.get('exception', '')}" for line in api.log())
    for words in ("in a task", "in worker", "in a thread", "in a finalizer", "deprecated"):
        assert words in told


def test_the_cost_is_that_of_the_model_that_stood_in(
    start: Start, upstream: ScriptedUpstream
) -> None:
    prices = [{"model": name, "input": price, "output": 0} for name, price in (("m", 1), ("n", 2))]
    api = start(
        **in_front_of(upstream.base_url, "m", "n"),
        LLMOPS_PRICES=json.dumps(prices),
        LLMOPS_FALLBACKS='{"m": ["n"]}',
    )
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1}
    upstream.plays(says(500), says(200, completion("Hello.", usage=usage)))
    answer = api.post("/llm/generate", {"prompt": "Hello"}).json()
    api.stop()
    [line] = completed(api)
    assert (line["model"], line["answering_model"], line["cost"]) == ("m", "n", 2.0)
    assert answer["cost"] == 2.0
