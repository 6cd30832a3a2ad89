"""One request too many in a minute is refused, and nothing else is (L2, L3)."""

import hashlib
import json

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, completion, says
from tests.serve.served import Served

SPARED = ["/health", "/health/live", "/health/ready", "/version"]


def test_the_61st_request_of_a_minute_is_refused(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="60")
    answers = [api.get("/v1/models") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    last = answers[60]
    assert last.status_code == 429
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert last.headers["x-request-id"].startswith("req_")
    assert last.json()["error"] == {
        "message": "Maximum 60 requests per minute",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }


def test_every_counted_answer_tells_what_is_left(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="2")
    left = [api.get("/v1/models").headers["ratelimit-remaining"] for _ in range(3)]
    assert left == ["1", "0", "0"]
    told = api.get("/v1/models").headers
    assert told["ratelimit-limit"] == told["x-ratelimit-limit-requests"] == "2"
    assert told["x-ratelimit-remaining-requests"] == "0"
    assert told["x-ratelimit-reset-requests"] == told["ratelimit-reset"] + "s"
    assert 0 < int(told["ratelimit-reset"]) <= 60


def test_outside_of_v1_the_refusal_has_a_detail(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="1")
    answers = [api.post("/sessions") for _ in range(2)]
    assert answers[1].json() == {"detail": "Maximum 1 requests per minute"}


def test_health_is_never_limited_nor_counted(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="1")
    for _ in range(10):
        for path in SPARED:
            answer = api.get(path)
            assert answer.status_code == 200
            assert "ratelimit-limit" not in answer.headers
    assert api.get("/v1/models").status_code == 200
    assert api.get("/v1/models").status_code == 429
    assert api.get("/health/ready").status_code == 200


def test_without_a_limit_nothing_is_told_of_one(demo: Served) -> None:
    assert "ratelimit-limit" not in demo.get("/v1/models").headers


def test_an_invented_address_evades_nothing(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="3", LLMOPS_AUTH="none")
    answers = [_through_a_proxy(api, f"203.0.113.{number}") for number in range(4)]
    assert answers == [200, 200, 200, 429]


def test_behind_a_trusted_proxy_each_client_has_its_own_allowance(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="1", LLMOPS_AUTH="none", LLMOPS_TRUSTED_PROXIES="127.0.0.0/8")
    assert _through_a_proxy(api, "203.0.113.1") == 200
    assert _through_a_proxy(api, "203.0.113.2") == 200
    assert _through_a_proxy(api, "203.0.113.1") == 429
    # What a client claims stands before what the proxy saw.
    assert _through_a_proxy(api, "198.51.100.7, 203.0.113.1") == 429
    assert _through_a_proxy(api, "198.51.100.7, 203.0.113.1, 127.0.0.9") == 429


def test_the_addresses_of_one_ipv6_host_are_one_client(start: Start) -> None:
    api = start(LLMOPS_RATE_LIMIT="1", LLMOPS_AUTH="none", LLMOPS_TRUSTED_PROXIES="127.0.0.1")
    assert _through_a_proxy(api, "2001:db8::1") == 200
    assert _through_a_proxy(api, "2001:db8::2") == 429
    assert _through_a_proxy(api, "[2001:db8:0:1::1]:4711") == 200


def test_a_request_through_proxies_is_served(demo: Served) -> None:
    headers = {"X-Forwarded-For": "203.0.113.1", "X-Real-IP": "no address", "Via": "1.1 proxy"}
    assert demo.get("/v1/models", headers=headers).status_code == 200


def _through_a_proxy(api: Served, forwarded_for: str) -> int:
    headers = {"X-Forwarded-For": forwarded_for, "X-Real-IP": "192.0.2.9", "Via": "1.1 proxy"}
    return api.get("/v1/models", headers=headers).status_code


def test_each_caller_has_an_allowance_of_its_own(start: Start) -> None:
    keys = {name: f"key-of-{name}-9e107d9d372bb682" for name in ("ann", "bob")}
    listed = [
        {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
        for name, key in keys.items()
    ]
    api = start(LLMOPS_RATE_LIMIT="1", LLMOPS_API_KEYS=json.dumps(listed))

    def ask(name: str) -> int:
        return api.get("/v1/models", headers={"Authorization": f"Bearer {keys[name]}"}).status_code

    assert [ask("ann"), ask("bob"), ask("ann"), ask("bob")] == [200, 200, 429, 429]


def test_the_caller_sees_our_limit_and_not_that_of_the_upstream(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**in_front_of(upstream.base_url), LLMOPS_RATE_LIMIT="7")
    upstream.plays(says(200, completion("Hi."), x_ratelimit_limit_requests="500"))
    assert api.chat("Hello").headers["x-ratelimit-limit-requests"] == "7"
