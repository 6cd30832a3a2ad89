"""The request id comes back, and a body that is too large does not get in."""

import pytest

from tests.checks.asking import FAILED, PASSED, SKIPPED, ask_one, subject
from tests.checks.faulty_servers import Reply, as_json, serving
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
