"""What may pass is tried again, within one budget; what will not is not (G2, G3, G4, G6)."""

import re
import time

import pytest

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import (
    DONE,
    Act,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    hangs,
    hangs_up,
    says,
    streams,
)

WAIT = 0.05


def retrying(base_url: str, **more: str) -> dict[str, str]:
    settings = {"LLMOPS_RETRIES": "3", "LLMOPS_RETRY_SECONDS": str(WAIT)}
    return {**in_front_of(base_url), **settings, **more}


@pytest.mark.parametrize(
    "fault", [says(503), says(500), says(408), hangs_up, dies_after(b'{"choices": [')]
)
def test_what_may_pass_is_tried_again_after_growing_waits(
    start: Start, upstream: ScriptedUpstream, fault: Act
) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(fault, fault, answers("Here."))
    started = time.perf_counter()
    answer = api.chat("Hello")
    assert time.perf_counter() - started >= WAIT + 2 * WAIT
    assert answer.json()["choices"][0]["message"]["content"] == "Here."
    assert len(upstream.calls) == 3
    lines = [line["message"] for line in api.log() if "Retrying in" in line["message"]]
    assert [line[:18] for line in lines] == ["Attempt 1/4 failed", "Attempt 2/4 failed"]
    waits = [float(re.search(r"in ([\d.]+)s", line)[1]) for line in lines]  # type: ignore[index]
    assert waits[1] > waits[0] >= WAIT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
def test_what_will_not_pass_is_asked_once(
    start: Start, upstream: ScriptedUpstream, status: int
) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(says(status), answers("never"))
    assert api.chat("Hello").status_code == (502 if status in {401, 403} else status)
    assert len(upstream.calls) == 1


def test_the_last_failure_is_told_when_all_attempts_have_failed(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(*[says(500)] * 4, answers("too late"))
    answer = api.chat("Hello")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_status")
    assert len(upstream.calls) == 4


def test_an_upstream_that_names_a_wait_gets_it(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(says(503, Retry_After="1"), answers("Here."))
    started = time.perf_counter()
    assert api.chat("Hello").status_code == 200
    assert time.perf_counter() - started >= 1


def test_a_wait_beyond_the_budget_is_not_begun(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(says(503, Retry_After="60"), answers("never"))
    answer = api.chat("Hello")
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "60")
    assert len(upstream.calls) == 1


def test_attempts_share_one_budget(start: Start, upstream: ScriptedUpstream) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(says(503), hangs)
    started = time.perf_counter()
    assert api.chat("Hello").status_code == 504
    assert time.perf_counter() - started < 3


def test_a_stream_is_tried_again_until_its_first_chunk(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(dies_after(), says(503), streams(event("one"), DONE))
    answer = api.chat("Hello", stream=True)
    assert answer.content == event("one") + DONE
    assert len(upstream.calls) == 3


def test_a_stream_that_has_begun_is_never_begun_again(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**retrying(upstream.base_url))
    upstream.plays(dies_after(event("one")), streams(event("two"), DONE))
    answer = api.chat("Hello", stream=True)
    assert answer.content.startswith(event("one"))
    assert b"upstream_answer" in answer.content
    assert len(upstream.calls) == 1


def test_a_kept_connection_that_died_costs_no_attempt(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**retrying(upstream.base_url, LLMOPS_RETRIES="0"))
    upstream.plays(answers("one"), hangs_up, answers("two"))
    assert api.chat("Hello").status_code == 200
    assert api.chat("Hello").json()["choices"][0]["message"]["content"] == "two"
    assert upstream.calls[0].port == upstream.calls[1].port != upstream.calls[2].port
