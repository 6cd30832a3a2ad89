"""The published schema says what the models say, and editors can use it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from llmops_cli.config.schema import SCHEMA_FILE, schema_text

CHECK = [str(Path(sys.executable).with_name("check-jsonschema")), "--schemafile", str(SCHEMA_FILE)]
VALID = [
    'name = "chat"',
    'name = "chat"\n[api]\nmodel = "m"\n[[api.upstreams]]\nname = "e"\n'
    'base_url = "https://x/v1"\nsecret = "A"\nmodels = ["m"]',
    'name = "chat"\n[api]\nauth = "jwt"\ncors_origins = ["https://a.example"]\n[[api.keys]]\n'
    'name = "a"\nsecret = "A"\n[[api.users]]\nname = "b"\nhash_secret = "B"',
    'name = "chat"\n[targets.local]\nport = 9000\n[targets.b]\nextends = "local"',
]
INVALID = [
    "",
    'name = "Chat"',
    'name = "chat"\n[api]\nmodle = "m"',
    'name = "chat"\n[[api.upstreams]]\nname = "e"\nmodels = ["m"]',
    'name = "chat"\n[[api.keys]]\nname = "a"',
    'name = "chat"\n[api]\ncors_origins = ["https://a.example/"]',
    'name = "chat"\n[secrets]\nrequired = ["LLMOPS_MODEL"]',
    'name = "chat"\n[targets.local]\nport = "8000"',
    'name = "chat"\n[targets.Local]',
    'name = "chat"\n[targets.x]\nkind = "nowhere"',
]


def test_the_checked_in_schema_is_the_one_of_the_models() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m llmops_cli.config.schema"
    )


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize(("texts", "status"), [(VALID, 0), (INVALID, 1)])
def test_the_schema_agrees_with_the_loader(texts: list[str], status: int, tmp_path: Path) -> None:
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        ended = subprocess.run([*CHECK, str(file)], capture_output=True, text=True, check=False)
        assert ended.returncode == status, text + ended.stdout
        is_valid = Draft7Validator(json.loads(schema_text())).is_valid(tomllib.loads(text))
        assert is_valid == (status == 0)


def test_every_key_is_described() -> None:
    assert list(_undescribed(json.loads(schema_text()))) == []


def _undescribed(table: dict[str, Any]) -> list[str]:
    missing: list[str] = []
    for name, key in table.get("properties", {}).items():
        missing += [] if key.get("description") else [name]
        for inner in (key, key.get("items", {}), key.get("additionalProperties")):
            missing += _undescribed(inner) if isinstance(inner, dict) else []
    return missing
