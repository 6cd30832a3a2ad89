"""Liveness, readiness and version: without a key, without a model, without delay (H1, H4)."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.scripted_upstream import ScriptedUpstream, hangs
from tests.serve.served import Served

OPEN = ["/health", "/health/live", "/health/ready", "/version"]


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
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(httpx2.get, f"{api.address}/health/ready", timeout=20)
            known = api.get("/health/ready")
            unknown = asked.result()
        writer.execute("ROLLBACK")
    assert (known.status_code, unknown.status_code) == (503, 503)
    assert known.json()["status"] == "degraded"
    assert known.json()["checks"]["store"]["healthy"] is False
    assert known.json()["checks"]["store"]["message"] == "no answer within 2 s"
    assert unknown.json()["checks"]["store"]["message"] == "not ready"
