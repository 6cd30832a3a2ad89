"""What every client is told to ask, and what the scripted upstream answers."""

import json
from typing import Any

from tests.serve.scripted_upstream import DONE, Act, completion, event, hangs, says, streams

ASKING = [{"role": "user", "content": "Hello"}]

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather at a place, in °C.",
            "parameters": {
                "type": "object",
                "properties": {"place": {"type": "string"}},
                "required": ["place"],
            },
        },
    }
]

RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    },
}

#: Failures of an upstream, and the status that a client gets for each.
FAULTS: list[tuple[Act, int]] = [(says(500), 502), (hangs, 504)]

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def compact(value: Any) -> bytes:
    """JSON as the official clients write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def calls_a_tool() -> Act:
    body = json.loads(completion(None, usage=USAGE))
    called = {"name": "weather", "arguments": '{"place":"Zürich"}'}
    body["choices"][0]["message"]["tool_calls"] = [
        {"id": "call_1", "type": "function", "function": called}
    ]
    body["choices"][0]["finish_reason"] = "tool_calls"
    return says(200, json.dumps(body).encode())


def is_structured() -> Act:
    return says(200, completion('{"name": "Robin"}', usage=USAGE))


def streams_with_usage() -> Act:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        "usage": USAGE,
    }
    last = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    return streams(event("in "), event("parts"), last, DONE)
