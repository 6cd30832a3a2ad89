"""Connections that only take up room are given up, and others are not."""

import json

import pytest

from tests.serve import raw
from tests.serve.conftest import Start
from tests.serve.served import Served

CHAT = json.dumps({"messages": [{"role": "user", "content": "Hello"}]}).encode()


@pytest.fixture
def hasty(start: Start) -> Served:
    """An API that waits for half a second."""
    return start(LLMOPS_BODY_SECONDS="0.5")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/sessions/x/message"])
@pytest.mark.parametrize("length", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_given_up(hasty: Served, path: str, length: str) -> None:
    with raw.connected(hasty) as connection:
        connection.sendall(raw.head("POST", path, length))
        answer = raw.answer(connection)
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert answer.headers["x-request-id"].startswith("req_")
    said = answer.json()
    message = said["error"]["message"] if path.startswith("/v1") else said["detail"]
    assert message == "The request body did not arrive in time"


def test_a_body_that_trickles_in_is_given_up(hasty: Served) -> None:
    with raw.connected(hasty) as connection:
        connection.settimeout(0.05)
        connection.sendall(raw.head("POST", "/v1/chat/completions", "Content-Length: 100000"))
        for _ in range(1000):
            connection.sendall(b" ")
            try:
                answer = raw.answer(connection)
                break
            except TimeoutError:
                continue
    assert answer.status == 408


def test_a_head_that_does_not_end_is_given_up(hasty: Served) -> None:
    with raw.connected(hasty) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX-")
        assert raw.answer(connection).status == 408
        assert raw.is_closed(connection)


def test_the_second_head_of_a_connection_is_given_up_too(hasty: Served) -> None:
    with raw.connected(hasty) as connection:
        connection.sendall(raw.head("GET", "/health"))
        assert raw.answer(connection).status == 200
        connection.sendall(b"GET /heal")
        assert raw.answer(connection).status == 408


def test_a_connection_that_rests_between_two_requests_is_not(hasty: Served) -> None:
    with raw.connected(hasty) as resting, raw.connected(hasty) as other:
        resting.sendall(raw.head("GET", "/health"))
        assert raw.answer(resting).status == 200
        other.sendall(raw.head("POST", "/sessions/x/message", "Content-Length: 9"))
        assert raw.answer(other).status == 408
        resting.sendall(raw.head("GET", "/health"))
        assert raw.answer(resting).status == 200


def test_a_slow_body_in_two_parts_is_read(demo: Served) -> None:
    with raw.connected(demo) as connection:
        lines = (f"Content-Length: {len(CHAT)}", "Content-Type: application/json")
        connection.sendall(raw.head("POST", "/v1/chat/completions", *lines))
        connection.sendall(CHAT[:10])
        with raw.connected(demo) as other:
            other.sendall(raw.head("GET", "/health"))
            assert raw.answer(other).status == 200
        connection.sendall(CHAT[10:])
        assert raw.answer(connection).status == 200


def test_a_head_without_end_is_refused(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX-Long: ")
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(1024):
                connection.sendall(b"x" * 65536)


def test_too_many_headers_are_refused(demo: Served) -> None:
    lines = [f"X-{number}: 1" for number in range(300)]
    with raw.connected(demo) as connection:
        connection.sendall(raw.head("GET", "/health", *lines))
        assert raw.answer(connection).status == 400


def test_a_head_of_32_kilobytes_is_read(demo: Served) -> None:
    with raw.connected(demo) as connection:
        whole = raw.head("GET", "/health", f"Cookie: {'x' * 32768}")
        connection.sendall(whole[:9000])
        connection.sendall(whole[9000:])
        assert raw.answer(connection).status == 200


def test_a_large_head_in_small_parts_is_refused_with_431(demo: Served) -> None:
    with raw.connected(demo) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nCookie: ")
        for _ in range(65):
            connection.sendall(b"x" * 1024)
        assert raw.answer(connection).status == 431
