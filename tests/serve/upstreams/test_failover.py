"""Several upstreams for one model, and models that stand in for others: the order is kept."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve import scripted_upstream
from tests.serve.conftest import BUDGET, Start
from tests.serve.scripted_upstream import (
    KEY,
    Act,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    hangs,
    hangs_up,
    says,
)
from tests.serve.served import Served


@pytest.fixture(scope="session")
def _second() -> Iterator[ScriptedUpstream]:
    with scripted_upstream.running() as upstream:
        yield upstream


@pytest.fixture
def second(_second: ScriptedUpstream) -> ScriptedUpstream:
    _second.reset()
    return _second


def entry(name: str, upstream: ScriptedUpstream, *models: str, **more: Any) -> dict[str, Any]:
    common = {"name": name, "base_url": upstream.base_url, "secret": "UPSTREAM_KEY"}
    return {**common, "models": list(models), **more}


def serving(*entries: dict[str, Any], **more: str) -> dict[str, str]:
    return {
        "LLMOPS_UPSTREAMS": json.dumps(entries),
        "LLMOPS_MODEL": "m",
        "LLMOPS_REQUEST_SECONDS": str(BUDGET),
        "LLMOPS_RETRIES": "0",
        "UPSTREAM_KEY": KEY,
        **more,
    }


def text(api: Served, **fields: Any) -> str:
    return api.chat("Hello", **fields).json()["choices"][0]["message"]["content"]


FAULTS: list[Act] = [says(500), says(401), says(429), says(302), hangs_up, hangs, dies_after(b"{")]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_upstream_answers_for_one_that_cannot(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream, fault: Act
) -> None:
    api = start(**serving(entry("first", upstream, "m"), entry("second", second, "m")))
    upstream.plays(fault)
    second.plays(answers("from the second"))
    assert text(api) == "from the second"
    assert len(upstream.calls) == len(second.calls) == 1


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_fault_of_the_caller_goes_to_no_other_upstream(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream, status: int
) -> None:
    api = start(**serving(entry("first", upstream, "m"), entry("second", second, "m")))
    upstream.plays(says(status))
    assert api.chat("Hello").status_code == status
    assert second.calls == []


def test_the_first_upstream_is_asked_first_as_long_as_it_works(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(**serving(entry("first", upstream, "m"), entry("second", second, "m")))
    for _ in range(3):
        assert text(api) == "Hello."
    assert (len(upstream.calls), len(second.calls)) == (3, 0)


def test_an_open_circuit_is_passed_over(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(
        **serving(
            entry("first", upstream, "m"),
            entry("second", second, "m"),
            LLMOPS_CIRCUIT_FAILURES="2",
        )
    )
    upstream.plays(says(500), says(500))
    for _ in range(4):
        assert text(api) == "Hello."
    assert (len(upstream.calls), len(second.calls)) == (2, 4)


def test_a_stand_in_answers_under_its_own_name(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(
        **serving(
            entry("first", upstream, "m"),
            entry("second", second, "other"),
            LLMOPS_FALLBACKS='{"m": ["other"]}',
        )
    )
    upstream.plays(says(503))
    assert text(api, temperature=0.5) == "Hello."
    assert second.calls[0].fields["model"] == "other"
    assert second.calls[0].fields["temperature"] == 0.5


def test_each_upstream_is_asked_for_the_model_by_the_name_it_has_there(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(
        **serving(
            entry("first", upstream, "m", aliases={"m": 'deployment "1"'}),
            entry("second", second, "m"),
        )
    )
    upstream.plays(says(500))
    text(api)
    assert upstream.calls[0].fields["model"] == 'deployment "1"'
    assert second.calls[0].fields["model"] == "m"


def test_when_all_are_too_busy_the_caller_is_told_when_to_come_back(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(**serving(entry("first", upstream, "m"), entry("second", second, "m")))
    upstream.plays(says(429, Retry_After="9"))
    second.plays(says(429, Retry_After="4"))
    answer = api.chat("Hello")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "4")


def test_a_round_goes_through_all_of_them_before_it_waits(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(
        **serving(
            entry("first", upstream, "m"),
            entry("second", second, "m"),
            LLMOPS_RETRIES="1",
            LLMOPS_RETRY_SECONDS="0.05",
        )
    )
    upstream.plays(says(500), answers("after a wait"))
    second.plays(says(500))
    assert text(api) == "after a wait"
    assert (len(upstream.calls), len(second.calls)) == (2, 1)


def test_a_stream_that_has_begun_is_finished_by_nobody_else(
    start: Start, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    api = start(**serving(entry("first", upstream, "m"), entry("second", second, "m")))
    upstream.plays(dies_after(event("one")))
    assert b"upstream_answer" in api.chat("Hello", stream=True).content
    assert second.calls == []


def test_a_deployment_of_azure_is_asked_with_its_header_and_version(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(
        **serving(entry("azure", upstream, "m", header="api-key", api_version="2024-10-21"))
    )
    text(api)
    call = upstream.calls[0]
    assert call.path == "/v1/chat/completions?api-version=2024-10-21"
    assert call.headers["api-key"] == KEY
    assert "Authorization" not in call.headers
