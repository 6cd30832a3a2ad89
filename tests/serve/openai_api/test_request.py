"""A chat request is read for its model and its stream, and otherwise left alone."""

import json

import pytest

from llmops_cli.serve.openai_api import request as chat_request
from llmops_cli.serve.openai_api.request import ChatRequestError

ODD_BUT_CLEAR = b'{ "stream":true,"model" : "m", "n":1.0,"messages":[{"content":"\xc3\xa9"}] }'


def test_the_bytes_are_passed_on_as_they_are() -> None:
    call = chat_request.read(ODD_BUT_CLEAR, "default")
    assert call.body is ODD_BUT_CLEAR
    assert (call.model, call.wants_stream) == ("m", True)


@pytest.mark.parametrize("body", [b'{"messages":[]}', b'{"model":null,"messages":[]}'])
def test_a_missing_model_is_filled_in(body: bytes) -> None:
    call = chat_request.read(body, "default")
    assert call.model == "default"
    assert json.loads(call.body) == {"model": "default", "messages": []}


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"cheap","model":"dear"}',
        b'{"model":"cheap","\\u006dodel":"dear"}',
        b'{"\\u006dodel":"dear"}',
    ],
)
def test_no_second_model_hides_from_the_lookup(body: bytes) -> None:
    call = chat_request.read(body, "default")
    assert call.model == "dear"
    assert call.body == b'{"model": "dear"}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"model"',
        b"\xff",
        b'{"model":7}',
        b'{"model":""}',
        b'{"model":{"a":1}}',
        b'{"temperature":NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_chat_request_is_refused(body: bytes) -> None:
    with pytest.raises(ChatRequestError):
        chat_request.read(body, "default")


def test_only_true_asks_for_a_stream() -> None:
    for stream in (False, None, 1, "true"):
        body = json.dumps({"model": "m", "stream": stream}).encode()
        assert not chat_request.read(body, "default").wants_stream
