"""Makes the body for an upstream out of the caller's, changing as few bytes as possible."""

import json
import re

from llmops_cli.serve.models.chat import ChatCall

_ASKING = b'{"stream_options":{"include_usage":true},'


def body_for(call: ChatCall, model: str, *, asks_usage: bool) -> bytes:
    """Return the body that asks ``model``, which the caller may know by another name.

    With ``asks_usage`` a stream is asked to report its tokens, unless the caller said something
    about that itself.
    """
    body = call.body
    if model != call.model:
        body = _renamed(body, call.model, model)
    if asks_usage and body.startswith(b"{"):
        return _ASKING + body[1:]
    return body


def asks_usage_for_us(call: ChatCall) -> bool:
    """Whether the usage of a stream has to be asked for, and its report kept from the caller."""
    return call.wants_stream and "stream_options" not in call.fields


def _renamed(body: bytes, name: str, model: str) -> bytes:
    # `ChatCall` has made sure that the key stands in the bytes once, without escapes; only the
    # value may be written with some.
    old = re.compile(rb'"model"(\s*):(\s*)' + re.escape(json.dumps(name).encode()))
    new, count = old.subn(lambda match: b'"model":' + json.dumps(model).encode(), body, count=1)
    return new if count else json.dumps({**json.loads(body), "model": model}).encode()
