"""The official client of OpenAI for Python: a real engine, tools, structured output, retries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import openai
import pytest
from pydantic import BaseModel

from tests.serve.clients.questions import (
    ASKING,
    FAULTS,
    RESPONSE_FORMAT,
    TOOLS,
    calls_a_tool,
    compact,
    is_structured,
    streams_with_usage,
)
from tests.serve.scripted_upstream import Act, ScriptedUpstream, answers, says
from tests.serve.served import KEY, Served


class Person(BaseModel):
    name: str


@contextmanager
def client_of(api: Served, retries: int = 0) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{api.address}/v1", api_key=KEY, max_retries=retries, timeout=20
    ) as client:
        yield client


def test_a_real_engine_tells_the_tokens_of_its_stream(engine: Served) -> None:
    with client_of(engine) as client:
        assert [model.id for model in client.models.list()] == ["tiny"]
        chunks = list(
            client.chat.completions.create(
                model="tiny",
                messages=ASKING,
                max_tokens=6,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 6


def test_tools_reach_the_upstream_as_they_were_sent(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(calls_a_tool())
    with client_of(gateway) as client:
        answer = client.chat.completions.create(
            model="m", messages=ASKING, tools=TOOLS, tool_choice="auto", parallel_tool_calls=False
        )
    (called,) = answer.choices[0].message.tool_calls or []
    assert called.function.arguments == '{"place":"Zürich"}'
    assert answer.choices[0].finish_reason == "tool_calls"
    assert b'"tools":' + compact(TOOLS) in upstream.calls[0].body
    assert upstream.calls[0].fields["parallel_tool_calls"] is False


def test_structured_output_is_asked_for_and_parsed(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(is_structured(), is_structured())
    with client_of(gateway) as client:
        client.chat.completions.create(model="m", messages=ASKING, response_format=RESPONSE_FORMAT)
        answer = client.chat.completions.parse(model="m", messages=ASKING, response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="Robin")
    assert b'"response_format":' + compact(RESPONSE_FORMAT) in upstream.calls[0].body


def test_the_usage_of_an_upstreams_stream_arrives(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(streams_with_usage())
    with client_of(gateway) as client:
        chunks = list(
            client.chat.completions.create(
                model="m", messages=ASKING, stream=True, stream_options={"include_usage": True}
            )
        )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 7


def test_it_waits_as_long_as_the_upstream_asks_for(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(says(429, b'{"error": {"message": "Slow."}}', Retry_After="1"), answers("now"))
    started = time.monotonic()
    with client_of(gateway, retries=1) as client:
        answer = client.chat.completions.create(model="m", messages=ASKING)
    assert answer.choices[0].message.content == "now"
    assert time.monotonic() - started >= 1
    assert len(upstream.calls) == 2


def test_it_sees_when_to_ask_again(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(says(429, b"{}", Retry_After="17"))
    with client_of(gateway) as client, pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="m", messages=ASKING)
    assert refused.value.response.headers["retry-after"] == "17"


@pytest.mark.parametrize(("act", "status"), FAULTS)
def test_a_failure_of_the_upstream_is_an_internal_server_error(
    gateway: Served, upstream: ScriptedUpstream, act: Act, status: int
) -> None:
    upstream.plays(act)
    with client_of(gateway) as client, pytest.raises(openai.InternalServerError) as refused:
        client.chat.completions.create(model="m", messages=ASKING)
    assert refused.value.status_code == status
    assert refused.value.request_id == refused.value.response.headers["x-request-id"]


def test_a_model_that_is_not_there_is_an_internal_server_error(loading: Served) -> None:
    with client_of(loading) as client, pytest.raises(openai.InternalServerError) as refused:
        client.chat.completions.create(model="tiny", messages=ASKING)
    assert refused.value.status_code == 503
