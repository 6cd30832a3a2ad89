"""Every line on standard output is JSON, and none holds what a caller said (R2)."""

import socket

from tests.serve.conftest import Start
from tests.serve.served import KEY, RELEASE

COMMON = {"timestamp", "level", "logger", "message", "request_id", "release"}


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
    lines = [line for line in api.log() if line["request_id"] == "test-request-123"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/sessions/{session_id}/message", 200),
        ("POST", "/v1/chat/completions", 200),
        ("POST", "(no route)", 404),
    ]
    assert all(line["message"] == "Request completed" for line in lines)
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
    requests = [line for line in api.log() if line["message"] == "Request completed"]
    assert {(line["path"], line["status"]) for line in requests} == {
        ("/v1/chat/completions", 499),
        ("/health", 200),
    }
    assert all(line["level"] == "INFO" for line in api.log())


def test_a_higher_level_leaves_the_requests_out(start: Start) -> None:
    api = start(LLMOPS_LOG_LEVEL="warning")
    api.get("/health")
    api.stop()
    assert api.log() == []
