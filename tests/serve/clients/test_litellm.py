"""The LiteLLM SDK asks this API as it asks any OpenAI-compatible one."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from tests.serve.clients.questions import (
    ASKING,
    RESPONSE_FORMAT,
    TOOLS,
    calls_a_tool,
    compact,
    is_structured,
    streams_with_usage,
)
from tests.serve.scripted_upstream import ScriptedUpstream, answers, hangs, says
from tests.serve.served import KEY, Served

if importlib.util.find_spec("litellm") is None:
    pytest.skip("needs litellm", allow_module_level=True)


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The SDK, told not to fetch a list of prices when it is imported."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm as sdk

    return sdk


def asked(litellm: ModuleType, api: Served, model: str = "m", **options: Any) -> Any:
    options = {"api_key": KEY, "num_retries": 0, "max_retries": 0, "timeout": 20, **options}
    return litellm.completion(
        model=f"openai/{model}", messages=ASKING, api_base=f"{api.address}/v1", **options
    )


def test_it_chats_and_streams_with_a_real_engine(litellm: ModuleType, engine: Served) -> None:
    options = {"max_tokens": 6, "temperature": 0}
    whole = asked(litellm, engine, "tiny", **options)
    assert whole.usage.completion_tokens == 6
    chunks = asked(litellm, engine, "tiny", stream=True, **options)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == whole.choices[0].message.content


def test_the_usage_of_a_stream_arrives(
    litellm: ModuleType, gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(streams_with_usage())
    *_, last = asked(litellm, gateway, stream=True, stream_options={"include_usage": True})
    assert last.usage.total_tokens == 7


def test_tools_and_structured_output_pass_through(
    litellm: ModuleType, gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(calls_a_tool(), is_structured())
    answer = asked(litellm, gateway, tools=TOOLS)
    assert answer.choices[0].message.tool_calls[0].function.arguments == '{"place":"Zürich"}'
    assert b'"tools":' + compact(TOOLS) in upstream.calls[0].body
    answer = asked(litellm, gateway, response_format=RESPONSE_FORMAT)
    assert answer.choices[0].message.content == '{"name": "Robin"}'
    assert b'"response_format":' + compact(RESPONSE_FORMAT) in upstream.calls[1].body


def test_errors_are_what_they_are(
    litellm: ModuleType, gateway: Served, upstream: ScriptedUpstream, loading: Served
) -> None:
    with pytest.raises(litellm.AuthenticationError):
        asked(litellm, gateway, api_key="wrong")
    with pytest.raises(litellm.NotFoundError):
        asked(litellm, gateway, "none")
    upstream.plays(says(429), says(500), hangs)
    with pytest.raises(litellm.RateLimitError):
        asked(litellm, gateway)
    with pytest.raises(litellm.BadGatewayError):
        asked(litellm, gateway)
    with pytest.raises(litellm.Timeout):
        asked(litellm, gateway)
    with pytest.raises(litellm.ServiceUnavailableError):
        asked(litellm, loading, "tiny")


def test_it_asks_again_where_it_may(
    litellm: ModuleType, gateway: Served, upstream: ScriptedUpstream
) -> None:
    upstream.plays(says(500), answers("now"))
    answer = asked(litellm, gateway, num_retries=1)
    assert answer.choices[0].message.content == "now"
    assert len(upstream.calls) == 2
