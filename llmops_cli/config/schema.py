"""The JSON Schema of the project file, for editors; `python -m llmops_cli.config.schema` writes it.

Draft 7 without references, because editors of TOML (Taplo, Even Better TOML, Tombi) read that
everywhere: https://taplo.tamasfe.dev/configuration/developing-schemas.html
"""

import json
from pathlib import Path
from typing import Any

from llmops_cli.config.model import Config

SCHEMA_FILE = Path(__file__).with_name("llmops.schema.json")


def schema_text() -> str:
    """Return the schema of the models, as the checked-in file must hold it."""
    generated = Config.model_json_schema()
    tables = generated.pop("$defs")
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "llmops.toml",
        **_inlined(generated, tables),
        "description": "Project file of llmops.",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _inlined(node: Any, tables: dict[str, Any]) -> Any:
    """Replace references by what they name, and leave out what TOML cannot say: null."""
    if isinstance(node, list):
        return [_inlined(item, tables) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    table = tables[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    merged = {**table, **node}
    inlined = {
        key: _inlined(value, tables) for key, value in merged.items() if not _is_noise(key, value)
    }
    return _by_name(_without_choice(inlined))


def _is_noise(key: str, value: object) -> bool:
    is_title = key == "title" and isinstance(value, str)
    is_structure = key == "default" and (value is None or isinstance(value, dict | list))
    return key == "$ref" or is_title or is_structure


def _without_choice(node: dict[str, Any]) -> dict[str, Any]:
    if len(node.get("anyOf", ())) != 1:
        return node
    [only] = node.pop("anyOf")
    return {**only, **node}


def _by_name(node: dict[str, Any]) -> dict[str, Any]:
    """Say "any table, whose name matches" in the words that editors complete."""
    if "patternProperties" not in node:
        return node
    [(pattern, table)] = node.pop("patternProperties").items()
    return {**node, "propertyNames": {"pattern": pattern}, "additionalProperties": table}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
