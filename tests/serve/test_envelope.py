"""Every answer carries the request's id, the release and safe headers (R1)."""

import re
import socket

import httpx2
import pytest

from tests.serve.served import KEY, RELEASE, Served

EVERY_KIND = [
    ("GET", "/health", 200),
    ("GET", "/version", 200),
    ("GET", "/v1/models", 200),
    ("GET", "/v1/models/none", 404),
    ("PUT", "/v1/models", 405),
    ("POST", "/v1/chat/completions", 400),
    ("POST", "/sessions", 200),
    ("POST", "/sessions/none/message", 422),
    ("DELETE", "/sessions/none", 404),
    ("GET", "/none", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND)
def test_every_answer_is_in_the_envelope(demo: Served, method: str, path: str, status: int) -> None:
    answer = demo.client.request(method, path, headers={"X-Request-ID": "test-request-123"})
    assert answer.status_code == status
    assert answer.headers.get_list("x-request-id") == ["test-request-123"]
    assert answer.headers.get_list("x-release") == [RELEASE]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


def test_a_refusal_is_in_the_envelope(demo: Served) -> None:
    answer = httpx2.get(f"{demo.address}/v1/models", headers={"X-Request-ID": "mine"})
    assert answer.status_code == 401
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["x-release"] == RELEASE


def test_without_an_id_one_is_made(demo: Served) -> None:
    ids = {demo.get("/health").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch("req_[0-9a-f]{16}", made) for made in ids)


@pytest.mark.parametrize("hostile", [b"x" * 10_000, b"a b", b"<script>", b"\xff\xfe", b"a\tb", b""])
def test_a_hostile_id_is_replaced(demo: Served, hostile: bytes) -> None:
    answer = demo.client.get("/health", headers={b"X-Request-ID": hostile})
    assert re.fullmatch("req_[0-9a-f]{16}", answer.headers["x-request-id"])


def test_an_id_with_a_line_end_adds_no_header(demo: Served) -> None:
    host, port = demo.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"X-Request-ID: a\n X-Evil: yes\r\n\r\n"
        )
        raw = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"evil" not in raw.lower()


def test_a_stream_is_in_the_envelope(demo: Served) -> None:
    answer = demo.chat("Hello", stream=True)
    assert answer.headers["x-release"] == RELEASE
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-cache"


def test_an_unknown_route_answers_in_the_dialect_of_its_path(demo: Served) -> None:
    assert demo.get("/v1/none").json()["error"]["type"] == "invalid_request_error"
    assert demo.get("/none").json() == {"detail": "Not Found"}


def test_the_key_is_in_no_header_and_no_body(demo: Served) -> None:
    for path in ("/v1/models", "/none", "/health/ready"):
        answer = demo.get(path)
        assert KEY not in answer.text + str(answer.headers)
