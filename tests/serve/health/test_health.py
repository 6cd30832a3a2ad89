"""Liveness, readiness and version: without a key, without a model, without delay (H1, H4)."""

import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.serve import served
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, hangs, says
from tests.serve.served import Served
from tests.waiting import eventually

OPEN = [
    "/health",
    "/health/live",
    "/health/ready",
    "/health/detailed",
    "/api/v1/health",
    "/version",
]


def test_liveness_is_exactly_these_fifteen_bytes(demo: Served) -> None:
    assert httpx2.get(f"{demo.address}/health").content == b'{"status":"ok"}'


def test_the_status_word_is_a_setting(start: Start) -> None:
    assert start(LLMOPS_STATUS_WORD="healthy").get("/health").json() == {"status": "healthy"}


@pytest.mark.parametrize("path", OPEN)
def test_it_needs_no_key(demo: Served, path: str) -> None:
    assert httpx2.get(demo.address + path).status_code == 200


def test_a_load_balancer_may_ask_with_head(demo: Served) -> None:
    answer = httpx2.head(f"{demo.address}/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_version_names_the_release(start: Start) -> None:
    api = start(LLMOPS_COMMIT="0123456789ab" + "c" * 28, LLMOPS_VERSION="1.2.3")
    assert api.get("/version").json() == {
        "release": served.RELEASE,
        "commit": "0123456789ab" + "c" * 28,
        "llmops": "1.2.3",
    }


def test_readiness_says_what_was_looked_at(demo: Served) -> None:
    body = demo.get("/health/ready").json()
    assert body["status"] == "healthy"
    assert body["checks"]["store"]["healthy"] is True
    assert body["checks"]["store"]["latency_ms"] >= 0
    assert body["checks"]["store"]["message"] == "ok"


def test_liveness_answers_at_once_while_every_chat_hangs(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(hangs, hangs)
    session = gateway.new_session()
    asking = [
        threading.Thread(target=gateway.chat, args=("Hello",)),
        threading.Thread(target=gateway.say, args=(session, "Hello")),
    ]
    for thread in asking:
        thread.start()
    assert upstream.arrived.wait(5)
    with httpx2.Client(base_url=gateway.address) as client:
        client.get("/version")
        started = time.perf_counter()
        assert client.get("/health").status_code == 200
        assert time.perf_counter() - started < 0.2
    assert all(thread.is_alive() for thread in asking)
    for thread in asking:
        thread.join()


def test_no_health_route_calls_a_model(gateway: Served, upstream: ScriptedUpstream) -> None:
    for _ in range(5):
        for path in OPEN:
            assert gateway.get(path).status_code == 200
    assert upstream.calls == []


def test_why_it_is_not_ready_is_told_only_to_who_has_a_key(start: Start, tmp_path: Path) -> None:
    api = start()
    assert api.get("/health/ready").status_code == 200
    with closing(sqlite3.connect(tmp_path / "data/sessions.db")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        for path in ("/health/ready", "/health/detailed"):
            known = api.get(f"{path}?refresh=true")
            unknown = httpx2.get(api.address + path)
            assert (known.status_code, unknown.status_code) == (503, 503)
            assert known.json()["status"] == unknown.json()["status"] == "degraded"
            assert known.json()["checks"]["store"].keys() == {"healthy", "latency_ms", "message"}
            assert known.json()["checks"]["store"]["message"] not in ("", "ok")
            assert unknown.json()["checks"] == {"store": {"healthy": False}}
        assert httpx2.get(f"{api.address}/health").status_code == 200
        writer.execute("ROLLBACK")
    eventually(lambda: httpx2.get(f"{api.address}/health/ready").status_code == 200)
    api.stop()
    told = [line["message"] for line in api.log() if "eady" in line["message"]]
    assert told[0].startswith("Not ready: store: ")
    assert told[-1] == "Ready again: store"


def test_the_details_count_what_is_healthy(gateway: Served, upstream: ScriptedUpstream) -> None:
    answer = gateway.get("/health/detailed")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "healthy")
    assert body["checks"].keys() == {"store", "circuit_breaker"}
    every = {"healthy_services": 2, "total_services": 2, "all_healthy": True}
    assert body["summary"] == every
    assert re.fullmatch(r"[0-9-]{10}T[0-9:.]{12}Z", body["checked_at"])


def test_an_open_circuit_degrades_the_details_and_leaves_us_ready(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**{**in_front_of(upstream.base_url), "LLMOPS_CIRCUIT_FAILURES": "1"})
    upstream.plays(says(500))
    api.chat("Hello")
    answer = api.get("/health/detailed")
    assert answer.status_code == 503
    assert answer.json()["checks"]["circuit_breaker"]["message"] == "scripted: open"
    assert answer.json()["checks"]["store"]["healthy"] is True
    assert answer.json()["summary"]["all_healthy"] is False
    assert api.get("/health/ready").status_code == 200
    [circuit] = api.get("/llm/health").json()["circuits"]
    assert (circuit["name"], circuit["state"], circuit["failure_threshold"]) == (
        *("scripted", "open"),
        1,
    )
    assert 0 < circuit["retry_after"] <= circuit["recovery_timeout"] == 30


def test_an_upstream_that_refuses_our_credential_is_not_healthy(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**in_front_of(upstream.base_url))
    upstream.plays(says(401))
    api.chat("Hello")
    check = api.get("/health/detailed").json()["checks"]["circuit_breaker"]
    assert check["healthy"] is False
    assert check["message"] == "scripted: refuses our credential"
    api.chat("Hello")
    assert api.get("/health/detailed").status_code == 200


@pytest.mark.parametrize("path", ["/llm/health", "/api/v1/models"])
def test_it_needs_a_key(demo: Served, path: str) -> None:
    assert httpx2.get(demo.address + path).status_code == 401
    assert demo.get(path).status_code == 200


def test_the_other_paths_say_the_same(demo: Served) -> None:
    assert demo.get("/api/v1/health").content == demo.get("/health").content
    assert demo.get("/api/v1/models").json() == demo.get("/v1/models").json()


def test_robots_are_asked_to_stay_away(demo: Served) -> None:
    answer = httpx2.get(f"{demo.address}/robots.txt")
    assert answer.text == "User-agent: *\nDisallow: /\n"
    assert answer.headers["content-type"].startswith("text/plain")
