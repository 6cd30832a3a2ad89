"""The official client of OpenAI takes our answers, our streams and our errors for its own."""

from collections.abc import Iterator

import openai
import pytest

from tests.serve.scripted_upstream import (
    DONE,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    hangs,
    says,
    streams,
)
from tests.serve.served import KEY, Served

ASKING = [{"role": "user", "content": "Hello"}]


def client_of(api: Served, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{api.address}/v1", api_key=key, max_retries=0, timeout=20)


@pytest.fixture
def client(gateway: Served) -> Iterator[openai.OpenAI]:
    with client_of(gateway) as made:
        yield made


def ask(client: openai.OpenAI, model: str = "m") -> str | None:
    completion = client.chat.completions.create(model=model, messages=ASKING)
    return completion.choices[0].message.content


def streamed(client: openai.OpenAI, model: str = "m") -> str:
    chunks = client.chat.completions.create(model=model, messages=ASKING, stream=True)
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def test_it_chats_and_streams_with_the_demo_model(demo: Served) -> None:
    with client_of(demo) as client:
        assert streamed(client, "demo") == ask(client, "demo")
        assert [model.id for model in client.models.list()] == ["demo"]
        assert client.models.retrieve("demo").owned_by == "llmops"


def test_it_gets_the_usage_of_a_stream(demo: Served) -> None:
    with client_of(demo) as client:
        *_, last = client.chat.completions.create(
            model="demo", messages=ASKING, stream=True, stream_options={"include_usage": True}
        )
    assert last.usage is not None
    assert last.usage.completion_tokens > 5


def test_it_chats_and_streams_with_an_upstream(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.plays(answers("whole"), streams(event("in "), event("parts"), DONE))
    assert ask(client) == "whole"
    assert streamed(client) == "in parts"


def test_a_wrong_key_is_an_authentication_error(demo: Served) -> None:
    with client_of(demo, "wrong") as client, pytest.raises(openai.AuthenticationError) as refused:
        ask(client, "demo")
    assert refused.value.code == "invalid_api_key"


def test_an_unknown_model_is_a_not_found_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        ask(client, "none")
    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (401, openai.InternalServerError),
        (500, openai.InternalServerError),
    ],
)
def test_a_status_of_the_upstream_is_the_error_that_it_means(
    client: openai.OpenAI, upstream: ScriptedUpstream, status: int, kind: type[Exception]
) -> None:
    upstream.plays(says(status, b'{"error": {"message": "No.", "code": "x"}}'))
    with pytest.raises(kind):
        ask(client)


def test_a_timeout_carries_our_code(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.plays(hangs)
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client)
    assert (refused.value.status_code, refused.value.code) == (504, "upstream_timeout")


def test_a_stream_that_breaks_off_raises(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.plays(dies_after(event("half")))
    with pytest.raises(openai.APIError, match="broke off"):
        streamed(client)
