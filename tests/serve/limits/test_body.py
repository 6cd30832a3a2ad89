"""A body that is too large, or hardly comes, is refused with an answer that can be read (L1)."""

import json
from collections.abc import Iterator

import pytest

from tests.serve import raw
from tests.serve.conftest import Start
from tests.serve.served import Served

MEGABYTE = 1024 * 1024
PATHS = ["/v1/chat/completions", "/sessions/x/message", "/sessions", "/no/such/path", "/health"]


@pytest.mark.parametrize("path", PATHS)
def test_ten_megabytes_are_refused_on_every_path(demo: Served, path: str) -> None:
    answer = demo.client.post(path, content=b"x" * 10 * MEGABYTE)
    assert answer.status_code == 413
    assert answer.headers["x-request-id"].startswith("req_")


def test_outside_of_v1_the_refusal_tells_both_sizes(demo: Served) -> None:
    answer = demo.client.post("/sessions", content=b"x" * 2 * MEGABYTE)
    assert answer.json() == {
        "detail": "Request body too large. Maximum size is 1 MB",
        "max_bytes": MEGABYTE,
        "received_bytes": 2 * MEGABYTE,
    }


def test_under_v1_the_refusal_has_the_shape_of_openai(demo: Served) -> None:
    answer = demo.client.post("/v1/chat/completions", content=b"x" * 2 * MEGABYTE)
    assert answer.json()["error"] == {
        "message": "Request body too large. Maximum size is 1 MB",
        "type": "invalid_request_error",
        "param": None,
        "code": "request_too_large",
    }


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/sessions/x/message"])
def test_two_megabytes_in_chunks_are_refused(demo: Served, path: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(32):
            yield b"x" * (MEGABYTE // 16)

    answer = demo.client.post(path, content=chunks())
    assert answer.status_code == 413
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["connection"] == "close"


def test_a_body_of_exactly_the_limit_is_read(start: Start) -> None:
    api = start(LLMOPS_MAX_BODY_BYTES="1024")
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}], "user": ""})
    exact = body.replace('"user": "', '"user": "' + "x" * (1024 - len(body))).encode()
    for content in (exact, (exact[:100], exact[100:])):
        assert api.client.post("/v1/chat/completions", content=content).status_code == 200
    for content in (exact + b" ", (exact, b" ")):
        answer = api.client.post("/v1/chat/completions", content=content)
        assert answer.json()["error"]["message"].endswith("Maximum size is 1 KB")


def test_a_large_body_is_refused_before_any_of_it_is_sent(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", "/sessions", "Content-Length: 99999999"))
        assert raw.answer(connection).status == 413


def test_a_client_that_waits_for_leave_is_refused_instead(demo: Served) -> None:
    lines = ("Content-Length: 99999999", "Expect: 100-continue")
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", "/sessions", *lines))
        assert raw.answer(connection).status == 413


def test_a_client_that_reads_only_when_it_has_sent_all_gets_the_refusal(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", "/sessions", "Content-Length: 10485760"))
        for _ in range(160):
            connection.sendall(b"x" * 65536)
        assert raw.answer(connection).status == 413
        assert raw.is_closed(connection)


def test_a_body_without_end_is_cut_off(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", "/sessions/x/message", "Transfer-Encoding: chunked"))
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(1024):
                connection.sendall(raw.chunk(b"x" * 65536))


def test_a_stranger_is_refused_for_the_size_before_the_key(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", "/sessions", "Content-Length: 99999999", key="wrong"))
        assert raw.answer(connection).status == 413


def test_a_refused_body_is_in_the_log(start: Start) -> None:
    api = start()
    api.client.post("/v1/chat/completions", content=b"x" * 2 * MEGABYTE)
    api.stop()
    [line] = [line for line in api.log() if line["message"] == "Request completed"]
    assert line["status"] == 413


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/sessions/x/message"])
def test_two_lengths_are_not_two_opinions(demo: Served, path: str) -> None:
    lines = ("Content-Length: 5", "Transfer-Encoding: chunked")
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("POST", path, *lines) + raw.chunk(b"") + b"\r\n")
        assert raw.answer(connection).status == 400
