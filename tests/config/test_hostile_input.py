"""Whatever is in the file: a Config or a ConfigError comes out, and no secret is repeated."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_cli.config.load import FILE_NAME, load, parse
from llmops_cli.config.model import Config
from llmops_cli.errors import ConfigError

VALID = """\
name = "chat"
default_target = "local"
[api]
model = "gpt"
auth = "none"
request_seconds = 1.5
[api.sessions]
history_rows = 3
[[api.upstreams]]
name = "engine"
base_url = "https://example.com/v1"
secret = "OPENAI_API_KEY"
models = ["gpt"]
[secrets]
required = ["A"]
[targets.local]
port = 9000
[targets.b]
extends = "local"
"""
SECRET = "sk-" + "Zq7" * 14
WORDS = st.sampled_from(
    ["name", "api", "upstreams", "targets", "local", "kind", "extends", "models", "secrets", "port"]
)
LEAVES = (
    st.text(max_size=8)
    | WORDS
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def outcome(text: str) -> Config | ConfigError:
    try:
        return parse(text, FILE_NAME)
    except ConfigError as error:
        return useful(error)


def useful(error: ConfigError) -> ConfigError:
    assert FILE_NAME in error.message
    assert error.next_step
    return error


def toml(value: object) -> str:
    if isinstance(value, dict):
        rows = (f"{toml(key)} = {toml(item)}" for key, item in value.items())
        return "{" + ", ".join(rows) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    # A basic string of TOML is written as one of JSON is.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    outcome(text)


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_bytes(content)
        try:
            assert load(Path(folder)).name
        except ConfigError as error:
            useful(error)


@settings(max_examples=300)
@given(st.dictionaries(WORDS | st.text(max_size=5), TREES, max_size=5))
def test_any_structure_is_read_or_refused_by_its_keys(data: dict[str, object]) -> None:
    rows = [f"{toml(key)} = {toml(value)}" for key, value in data.items()]
    outcome("\n".join(rows))


@settings(max_examples=300)
@given(st.integers(0, len(VALID)), st.integers(0, 12), st.text(max_size=12))
def test_any_edit_of_a_valid_file_is_read_or_refused(at: int, cut: int, put: str) -> None:
    outcome(VALID[:at] + put + VALID[at + cut :])


@given(st.integers(0, len(VALID)), st.sampled_from(["{}", '"{}"', "\n{} = 1\n", '\nx = "{}"\n']))
def test_a_secret_anywhere_is_refused_and_not_repeated(at: int, shape: str) -> None:
    error = outcome(f"{VALID[:at]} {shape.format(SECRET)}{VALID[at:]}")
    assert isinstance(error, ConfigError)
    assert SECRET not in str(error.as_dict())


@given(st.sampled_from(VALID.splitlines()), st.sampled_from(["hunter2-hunter2", "p4ssw0rd value"]))
def test_a_wrong_value_is_not_repeated(line: str, value: str) -> None:
    key = line.partition(" = ")[0]
    found = outcome(VALID.replace(line, f'{key} = ["{value}"]'))
    assert isinstance(found, Config) or value not in str(found.as_dict())
