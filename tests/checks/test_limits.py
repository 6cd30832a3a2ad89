"""The request id comes back, and a body that is too large does not get in."""

import json
import socket

import pytest

from tests.checks.asking import FAILED, PASSED, SKIPPED, ask_one, subject
from tests.checks.faulty_servers import RELEASE, Reply, as_json, behaving, serving
from tests.checks.good_api import GoodApi

CHAT = "POST /v1/chat/completions"


def test_a_request_id_that_does_not_come_back_fails() -> None:
    api = GoodApi(faults={"GET /health": lambda _: Reply(200, b"", {"x-request-id": "other"})})
    with serving(api) as server:
        result = ask_one("request-id", subject(server.url))
    assert result.verdict is FAILED
    assert "other" in result.evidence


@pytest.mark.parametrize(
    ("status", "verdict"), [(413, PASSED), (400, SKIPPED), (422, SKIPPED), (500, FAILED)]
)
def test_an_oversized_body_may_be_refused_or_read_but_must_not_break_the_api(
    status: int, verdict: object
) -> None:
    api = GoodApi(faults={CHAT: lambda _: as_json({}, status)})
    with serving(api) as server:
        assert ask_one("body-limit", subject(server.url)).verdict is verdict
    assert len(server.asked[-1].body) > 2 * 1024 * 1024


def test_an_api_may_refuse_and_hang_up_before_it_has_read_the_body() -> None:
    def refuse_unread(connection: socket.socket, head: bytes) -> None:
        status, document = (413, {}) if head.startswith(b"POST") else (200, {"release": RELEASE})
        body = json.dumps(document).encode()
        connection.sendall(
            b"HTTP/1.1 %d .\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            % (status, len(body), body)
        )

    with behaving(refuse_unread) as url:
        result = ask_one("body-limit", subject(url))
    assert result.verdict is PASSED, result.evidence
