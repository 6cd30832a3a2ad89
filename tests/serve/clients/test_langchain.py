"""LangChain's ChatOpenAI, as an application uses it, takes this API for OpenAI's."""

import asyncio
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.serve.clients.questions import (
    FAULTS,
    TOOLS,
    calls_a_tool,
    compact,
    is_structured,
    streams_with_usage,
)
from tests.serve.scripted_upstream import Act, ScriptedUpstream, says
from tests.serve.served import KEY, Served

langchain_openai = pytest.importorskip("langchain_openai", reason="needs langchain-openai")


class Person(BaseModel):
    """A person."""

    name: str


def chat(api: Served, **options: Any) -> Any:
    options = {"model": "m", "api_key": KEY, "max_retries": 0, "timeout": 20, **options}
    return langchain_openai.ChatOpenAI(base_url=f"{api.address}/v1", **options)


def test_it_chats_and_streams_with_a_real_engine(engine: Served) -> None:
    model = chat(engine, model="tiny", max_tokens=6, temperature=0)
    whole = model.invoke("Hello")
    assert whole.usage_metadata["output_tokens"] == 6
    chunks = list(model.stream("Hello", stream_usage=True))
    assert "".join(chunk.content for chunk in chunks) == whole.content
    assert sum((chunk.usage_metadata or {}).get("output_tokens", 0) for chunk in chunks) == 6


def test_it_streams_asynchronously(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(streams_with_usage())

    async def said() -> str:
        return "".join([chunk.content async for chunk in chat(gateway).astream("Hello")])

    assert asyncio.run(said()) == "in parts"


def test_a_tool_is_called(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(calls_a_tool())
    answer = chat(gateway).bind_tools(TOOLS).invoke("Hello")
    assert answer.tool_calls[0]["args"] == {"place": "Zürich"}
    assert b'"tools":' + compact(TOOLS) in upstream.calls[0].body


def test_structured_output_is_parsed(gateway: Served, upstream: ScriptedUpstream) -> None:
    upstream.plays(is_structured())
    asking = chat(gateway).with_structured_output(Person, method="json_schema")
    assert asking.invoke("Hello") == Person(name="Robin")
    sent = upstream.calls[0].fields["response_format"]
    assert sent["json_schema"]["schema"]["properties"]["name"]["type"] == "string"


def test_a_wrong_key_an_unknown_model_and_a_limit_are_what_they_are(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat(gateway, api_key="wrong").invoke("Hello")
    with pytest.raises(openai.NotFoundError):
        chat(gateway, model="none").invoke("Hello")
    upstream.plays(says(429))
    with pytest.raises(openai.RateLimitError):
        chat(gateway).invoke("Hello")


@pytest.mark.parametrize(("act", "status"), FAULTS)
def test_a_failure_of_the_upstream_is_an_internal_server_error(
    gateway: Served, upstream: ScriptedUpstream, act: Act, status: int
) -> None:
    upstream.plays(act)
    with pytest.raises(openai.InternalServerError) as refused:
        chat(gateway).invoke("Hello")
    assert refused.value.status_code == status
