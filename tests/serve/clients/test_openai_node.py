"""The official client of OpenAI for Node takes this API for OpenAI's."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serve.clients.questions import (
    RESPONSE_FORMAT,
    TOOLS,
    calls_a_tool,
    compact,
    is_structured,
    streams_with_usage,
)
from tests.serve.scripted_upstream import ScriptedUpstream, answers, hangs, says
from tests.serve.served import KEY, Served

#: The major version that this was written against.
PACKAGE = "openai@6"
SECONDS = 60
SCRIPT = Path(__file__).with_name("asking.mjs")

Ask = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def node_ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Run steps of the script in a folder where the client is installed."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("node")
    install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        done = subprocess.run(
            install, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"needs {PACKAGE} of npm, which could not be installed in {SECONDS} s")
    if done.returncode != 0:
        pytest.skip(f"needs {PACKAGE} of npm, which could not be installed")
    script = shutil.copy(SCRIPT, folder)

    def ask(api: Served, *steps: dict[str, Any], model: str = "m", key: str = KEY) -> list[Any]:
        told = {"address": api.address, "key": key, "model": model, "steps": steps}
        ran = subprocess.run(
            [node, script, json.dumps(told)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return ask


def test_it_chats_streams_and_lists_with_a_real_engine(engine: Served, node_ask: Ask) -> None:
    short = {"max_tokens": 6, "temperature": 0}
    steps = [{"ask": "models"}, {"ask": "chat", "body": short}, {"ask": "stream", "body": short}]
    models, whole, streamed = node_ask(engine, *steps, model="tiny")
    assert models == ["tiny"]
    assert whole["usage"]["completion_tokens"] == 6
    assert streamed["usage"]["completion_tokens"] == 6
    assert streamed["text"] == whole["message"]["content"]


def test_tools_structured_output_and_usage_pass_through(
    gateway: Served, upstream: ScriptedUpstream, node_ask: Ask
) -> None:
    upstream.plays(calls_a_tool(), is_structured(), streams_with_usage())
    called, structured, streamed = node_ask(
        gateway,
        {"ask": "chat", "body": {"tools": TOOLS}},
        {"ask": "chat", "body": {"response_format": RESPONSE_FORMAT}},
        {"ask": "stream"},
    )
    (tool,) = called["message"]["tool_calls"]
    assert tool["function"]["arguments"] == '{"place":"Zürich"}'
    assert called["finish_reason"] == "tool_calls"
    assert structured["message"]["content"] == '{"name": "Robin"}'
    assert (streamed["text"], streamed["usage"]["total_tokens"]) == ("in parts", 7)
    assert b'"tools":' + compact(TOOLS) in upstream.calls[0].body
    assert b'"response_format":' + compact(RESPONSE_FORMAT) in upstream.calls[1].body


def test_errors_are_what_they_are(
    gateway: Served, upstream: ScriptedUpstream, loading: Served, node_ask: Ask
) -> None:
    upstream.plays(says(429, b"{}", Retry_After="17"), says(500), hangs)
    limited, bad_gateway, late = node_ask(gateway, *[{"ask": "chat"}] * 3)
    assert (limited["error"], limited["retryAfter"]) == ("RateLimitError", "17")
    assert (bad_gateway["error"], bad_gateway["status"]) == ("InternalServerError", 502)
    assert (late["status"], late["code"]) == (504, "upstream_timeout")
    (refused,) = node_ask(gateway, {"ask": "models"}, key="wrong")
    assert (refused["error"], refused["code"]) == ("AuthenticationError", "invalid_api_key")
    (unknown,) = node_ask(gateway, {"ask": "chat"}, model="none")
    assert (unknown["error"], unknown["code"]) == ("NotFoundError", "model_not_found")
    (absent,) = node_ask(loading, {"ask": "chat"}, model="tiny")
    assert (absent["error"], absent["status"]) == ("InternalServerError", 503)


def test_it_asks_again_when_the_upstream_says(
    gateway: Served, upstream: ScriptedUpstream, node_ask: Ask
) -> None:
    upstream.plays(says(429, b"{}", Retry_After="1"), answers("now"))
    (answer,) = node_ask(gateway, {"ask": "chat", "options": {"maxRetries": 1}})
    assert answer["message"]["content"] == "now"
    assert len(upstream.calls) == 2
