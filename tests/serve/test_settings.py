"""Settings are refused as a whole, with every problem named and no value shown."""

import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.serve.settings import DEFAULT_SYSTEM_PROMPT, SettingsError, load
from llmops_cli.serve.telemetry.settings import TelemetrySettings

KEY = "0123456789abcdef"
GOOD = {"LLMOPS_API_KEY": KEY}
UPSTREAM = {"name": "cloud", "base_url": "https://x.example/v1/", "auth": "none", "models": ["a"]}


def problems(**variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load({**GOOD, **variables})
    return refused.value.problems


def with_upstreams(*entries: Any, **variables: str) -> dict[str, str]:
    return {"LLMOPS_UPSTREAMS": json.dumps(entries), "LLMOPS_MODEL": "a", **variables}


def test_a_key_is_all_that_has_to_be_set() -> None:
    settings = load(GOOD)
    assert (settings.release, settings.commit, settings.version) == ("unreleased", "", "unknown")
    assert (settings.model, settings.system_prompt) == ("demo", DEFAULT_SYSTEM_PROMPT)
    assert (settings.status_word, settings.upstreams) == ("ok", ())
    assert settings.telemetry == TelemetrySettings()
    assert (settings.resilience.budget, settings.app) == (30.0, "")
    assert not settings.access.is_anonymous


def test_the_keys_are_not_kept_and_not_shown() -> None:
    upstream = {**UPSTREAM, "auth": "api-key", "secret": "CLOUD_KEY"}
    settings = load({**GOOD, **with_upstreams(upstream, CLOUD_KEY="cloud-key-value")})
    assert settings.upstreams[0].key == "cloud-key-value"
    assert KEY not in repr(settings)
    assert "cloud-key-value" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLMOPS_RELEASE", "two words"),
        ("LLMOPS_RELEASE", "a\r\nX-Evil: 1"),
        ("LLMOPS_COMMIT", "0123"),
        ("LLMOPS_MODEL", "gpt-4o"),
        ("LLMOPS_SYSTEM_PROMPT_FILE", "/no/such/file"),
        ("LLMOPS_AUTH", "maybe"),
        ("LLMOPS_STATUS_WORD", '"'),
        ("LLMOPS_MAX_BODY_BYTES", "0"),
        ("LLMOPS_RATE_LIMIT", "often"),
        ("LLMOPS_FAILED_AUTH_LIMIT", "-1"),
        ("LLMOPS_MAX_CONCURRENT", "1.5"),
        ("LLMOPS_QUEUE_SIZE", "100001"),
        ("LLMOPS_QUEUE_SECONDS", "0"),
        ("LLMOPS_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("LLMOPS_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("LLMOPS_HISTORY_ROWS", "0"),
        ("LLMOPS_HISTORY_ROWS", "many"),
        ("LLMOPS_HISTORY_ROWS", "-1"),
        ("LLMOPS_DATA_DIR", "/dev/null"),
        ("LLMOPS_DATA_DIR", "/proc/1/cmdline/sub"),
        ("LLMOPS_LOG_LEVEL", "loud"),
        ("LLMOPS_REQUEST_SECONDS", "0"),
        ("LLMOPS_REQUEST_SECONDS", "nan"),
        ("LLMOPS_REQUEST_SECONDS", "1e9"),
        ("LLMOPS_UPSTREAMS", "{"),
        ("LLMOPS_UPSTREAMS", "{}"),
        ("LLMOPS_APP", "no colon"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_its_variable(name: str, value: str) -> None:
    found = problems(**{name: value})
    assert len(found) == 1
    assert found[0].startswith(f"{name}: ")
    assert value not in found[0].partition(": ")[2] or len(value) < 3


def test_all_problems_are_told_at_once() -> None:
    found = problems(LLMOPS_API_KEY="", LLMOPS_LOG_LEVEL="loud", LLMOPS_HISTORY_ROWS="x")
    names = {line.partition(":")[0] for line in found}
    assert names == {"LLMOPS_API_KEY", "LLMOPS_LOG_LEVEL", "LLMOPS_HISTORY_ROWS"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ",,",
        "changeme",
        "your-api-key-here",
        "your-secure-api-key-here",
        "secret",
        "<put-the-real-key-here>",
        "aaaaaaaaaaaaaaaaaaaa",
        "fifteen-letters",
        "with a space in it",
        "käse-käse-käse-käse",
        f"{KEY},tiny",
    ],
)
def test_a_key_that_protects_nothing_is_refused_and_not_shown(value: str) -> None:
    found = problems(LLMOPS_API_KEY=value)
    assert found
    assert all(line.startswith("LLMOPS_API_KEY: ") for line in found)
    for part in value.split(","):
        assert len(part) < 3 or part not in "".join(line.partition(": ")[2] for line in found)


def test_a_key_comes_from_a_file_first(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n{secrets.token_hex()}\n")
    settings = load({"LLMOPS_API_KEY": "changeme", "LLMOPS_API_KEY_FILE": str(file)})
    assert len(settings.access.keys) == 2
    file.write_text("\n")
    assert problems(LLMOPS_API_KEY_FILE=str(file))[0].startswith("LLMOPS_API_KEY_FILE: is missing")
    assert problems(LLMOPS_API_KEY_FILE="/no/such")[0].startswith("LLMOPS_API_KEY_FILE: names a")


def test_an_open_api_needs_no_key() -> None:
    assert load({"LLMOPS_AUTH": "none"}).access.is_anonymous


def test_an_upstream_is_read() -> None:
    upstream = load({**GOOD, **with_upstreams(UPSTREAM)}).upstreams[0]
    assert (upstream.name, upstream.models) == ("cloud", ("a",))
    assert (upstream.base_url, upstream.key, upstream.gguf) == ("https://x.example/v1", "", None)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"base_url": "ftp://x/v1"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": "http://user:pw@x/v1"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": "http://x/v1?key=1"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": "http://x/v 1"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": "http://x/v1\r\nX: y"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": "http://x:99999/v1"}, "LLMOPS_UPSTREAMS[0].base_url: must be http://"),
        ({"base_url": ""}, "LLMOPS_UPSTREAMS[0]: needs one of base_url and gguf"),
        ({"gguf": "no.gguf"}, "LLMOPS_UPSTREAMS[0]: needs one of base_url and gguf"),
        ({"auth": "api-key"}, "LLMOPS_UPSTREAMS[0].secret: must name a variable"),
        ({"auth": "api-key", "secret": "NOT_SET"}, "NOT_SET: is missing or empty"),
        ({"auth": "jwt"}, "LLMOPS_UPSTREAMS[0].auth: "),
        ({"models": []}, "LLMOPS_UPSTREAMS[0].models: "),
        ({"models": ["a", "a"]}, "LLMOPS_UPSTREAMS: lists 'a' twice in upstream 'cloud'"),
        ({"modles": ["a"]}, "LLMOPS_UPSTREAMS[0].modles: "),
        ({"name": "Two Words"}, "LLMOPS_UPSTREAMS[0].name: "),
    ],
)
def test_a_wrong_upstream_is_named_by_its_place(change: dict[str, Any], line: str) -> None:
    found = problems(**with_upstreams({**UPSTREAM, **change}))
    assert found[0].startswith(line)


def test_the_default_model_has_to_be_served() -> None:
    found = problems(**with_upstreams(UPSTREAM, LLMOPS_MODEL="b"))
    assert found == ("LLMOPS_MODEL: names a model that no upstream of LLMOPS_UPSTREAMS serves",)


def test_a_pointer_in_the_place_of_a_model_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_text("version https://git-lfs.github.com/spec/v1\n")
    entry = {"name": "local", "gguf": str(file), "auth": "none", "models": ["a"]}
    assert "Git LFS" in problems(**with_upstreams(entry))[0]


def test_a_missing_engine_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    entry = {"name": "local", "gguf": str(file), "models": ["a"]}
    found = problems(**with_upstreams(entry))
    assert found == (
        "LLMOPS_UPSTREAMS[0].gguf: needs the engine extra: pip install 'llmops-cli[engine]'",
    )
