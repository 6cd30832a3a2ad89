"""The environment of the API process says what the project file says, and holds no secret."""

import json
import secrets
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path

import pytest

from llmops_cli.config import api_limits, api_resilience
from llmops_cli.config.environment import api_environment, required_secrets
from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.serve import settings
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.limits import settings as limits_settings
from llmops_cli.serve.limits.settings import LimitsSettings
from llmops_cli.serve.process.settings import ServerSettings
from llmops_cli.serve.sessions.window import Window
from llmops_cli.serve.upstreams.resilience import Resilience

FULL = """
name = "chat"
[api]
model = "tiny"
app = "pack.main:app"
system_prompt = "prompts/system.md"
request_seconds = 2.5
playground = false
[api.sessions]
history_rows = 9
history_tokens = 4000
max_tokens = 512
days = 0
database_secret = "SESSIONS_URL"
[[api.upstreams]]
name = "cloud"
base_url = "https://example.com/v1"
secret = "OPENAI_API_KEY"
models = ["gpt"]
aliases = { gpt = "gpt-4o" }
timeout_seconds = 20.5
[[api.upstreams]]
name = "file"
gguf = "models/tiny.gguf"
models = ["tiny"]
[api.fallbacks]
gpt = ["tiny"]
[api.resilience]
connect_seconds = 1.5
retries = 1
retry_seconds = 2
circuit_failures = 9
circuit_seconds = 60
heartbeat_seconds = 5.0
[api.limits]
max_body_bytes = 2048
body_seconds = 7.5
requests_per_minute = 60
failed_auth_per_minute = 5
max_concurrent = 8
queue_size = 0
queue_seconds = 0.5
trusted_proxies = ["10.0.0.0/8", "::1"]
[secrets]
required = ["EXTRA", "OPENAI_API_KEY"]
"""


def test_the_defaults_name_neither_a_prompt_nor_an_application() -> None:
    assert api_environment(parse('name = "chat"', "")) == {
        "LLMOPS_MODEL": "demo",
        "LLMOPS_AUTH": "api-key",
        "LLMOPS_STATUS_WORD": "ok",
        "LLMOPS_REQUEST_SECONDS": "30",
        "LLMOPS_UPSTREAMS": "[]",
    }


def test_every_setting_of_the_api_is_in_the_environment() -> None:
    environment = api_environment(parse(FULL, ""))
    assert environment["LLMOPS_SYSTEM_PROMPT_FILE"] == "prompts/system.md"
    assert environment["LLMOPS_APP"] == "pack.main:app"
    assert environment["LLMOPS_REQUEST_SECONDS"] == "2.5"
    assert environment["LLMOPS_HISTORY_ROWS"] == "9"
    assert environment["LLMOPS_HISTORY_TOKENS"] == "4000"
    assert environment["LLMOPS_SESSION_MAX_TOKENS"] == "512"
    assert environment["LLMOPS_SESSION_DAYS"] == "0"
    assert environment["LLMOPS_DATABASE_SECRET"] == "SESSIONS_URL"
    assert environment["LLMOPS_PLAYGROUND"] == "off"
    assert json.loads(environment["LLMOPS_UPSTREAMS"]) == [
        {
            "name": "cloud",
            "base_url": "https://example.com/v1",
            "secret": "OPENAI_API_KEY",
            "auth": "api-key",
            "models": ["gpt"],
            "aliases": {"gpt": "gpt-4o"},
            "timeout_seconds": 20.5,
        },
        {"name": "file", "gguf": "models/tiny.gguf", "auth": "none", "models": ["tiny"]},
    ]


def test_routers_are_a_list_and_exclude_an_application() -> None:
    routers = 'routers = ["pack.mine:router", "yours:router"]'
    environment = api_environment(parse(f'name = "chat"\n[api]\n{routers}', ""))
    assert environment["LLMOPS_ROUTERS"] == "pack.mine:router,yours:router"
    with pytest.raises(ConfigError, match="routers"):
        parse(f'name = "chat"\n[api]\napp = "a:b"\n{routers}', "")


def test_a_deploy_needs_each_secret_once_and_the_key_of_the_api_first() -> None:
    names = ("LLMOPS_API_KEY", "OPENAI_API_KEY", "SESSIONS_URL", "EXTRA")
    assert required_secrets(parse(FULL, "")) == names


def test_an_api_that_answers_anybody_needs_no_key() -> None:
    assert required_secrets(parse('name = "chat"\n[api]\nauth = "none"', "")) == ()


def test_the_served_api_takes_these_settings(tmp_path: Path) -> None:
    pytest.importorskip("asyncpg", reason="the postgres extra is not installed")
    text = FULL.replace('gguf = "models/tiny.gguf"', 'base_url = "http://x/v1"\nauth = "none"')
    environment = api_environment(parse(text, ""))
    (tmp_path / "system.md").write_text("Be brief.")
    taken = settings.load(
        {
            **environment,
            "LLMOPS_SYSTEM_PROMPT_FILE": str(tmp_path / "system.md"),
            "LLMOPS_API_KEY": secrets.token_urlsafe(32),
            "OPENAI_API_KEY": secrets.token_urlsafe(32),
            "SESSIONS_URL": "postgresql://me:secret@localhost/sessions",
            "LLMOPS_DATA_DIR": str(tmp_path),
        }
    )
    assert (taken.model, taken.resilience.budget, taken.app) == ("tiny", 2.5, "pack.main:app")
    assert [upstream.name for upstream in taken.upstreams] == ["cloud", "file"]
    assert taken.upstreams[0].aliases == {"gpt": "gpt-4o"}
    assert taken.fallbacks == {"gpt": ("tiny",)}
    assert taken.resilience == Resilience(2.5, 1.5, 1, 2, 9, 60, 5)
    sessions = taken.sessions
    assert (sessions.window, sessions.max_tokens, sessions.days) == (Window(9, 4000), 512, 0)
    assert sessions.database is not None


def test_what_a_project_does_not_say_of_sessions_is_the_same_on_both_sides() -> None:
    taken = settings.load({"LLMOPS_AUTH": "none"}).sessions
    told = parse('name = "chat"', "").api.sessions
    assert taken.window == Window(told.history_rows, told.history_tokens or 0)
    assert (taken.max_tokens, taken.days) == (told.max_tokens or 0, told.days)


def test_what_the_project_leaves_out_has_the_same_default_on_both_sides() -> None:
    project, served = api_resilience.Resilience(), Resilience()
    assert (project.connect_seconds, project.retries) == (served.connect, served.retries)
    assert (project.retry_seconds, project.heartbeat_seconds) == (
        served.retry_wait,
        served.heartbeat,
    )
    assert (project.circuit_failures, project.circuit_seconds) == (
        served.circuit_failures,
        served.circuit_wait,
    )


def test_the_limits_of_the_project_are_those_of_the_served_api() -> None:
    environment = Environment(api_environment(parse(FULL, "")))
    assert limits_settings.read(environment) == LimitsSettings(
        max_body_bytes=2048,
        requests_per_minute=60,
        failed_auth_per_minute=5,
        max_concurrent=8,
        queue_size=0,
        queue_seconds=0.5,
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1")),
    )
    assert environment.text("LLMOPS_BODY_SECONDS") == "7.5"
    assert environment.problems == []


def test_limits_that_the_project_leaves_out_have_the_same_defaults_on_both_sides() -> None:
    served = asdict(limits_settings.read(Environment({})))
    project = api_limits.Limits().model_dump()
    assert project.pop("body_seconds") == ServerSettings.load({}).body
    # Of a socket on the same machine the target knows, not the project.
    assert served.pop("trusts_unix") is False
    assert project == served


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="an address or a network"):
        parse('name = "chat"\n[api.limits]\ntrusted_proxies = ["proxy"]', "")
