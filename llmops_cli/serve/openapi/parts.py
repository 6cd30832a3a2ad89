"""The hand-kept parts of the OpenAPI document: one JSON file for each area of the API.

A new route is documented by an entry under ``paths`` of the file of its area, or of a new file in
``parts/``. Only what is special about it is written there; ``document`` adds what is true of every
route: the headers, the credential, and the answers 401, 413, 429 and 500.
"""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

#: An object of the OpenAPI document. Its shape is that of OpenAPI 3.1.
Json = dict[str, Any]

_BASE = "base.json"
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def assembled() -> Json:
    """Return all parts as one document, whether or not their routes are served."""
    folder = resources.files(__package__) / "parts"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    parts = [json.loads((folder / name).read_text(encoding="utf-8")) for name in names]
    base: Json = parts[names.index(_BASE)]
    for part in parts:
        if part is not base:
            merge(base, part)
    return base


def merge(document: Json, part: Json) -> None:
    """Add the paths and components of ``part`` to a document. What is there already stays."""
    for path, item in part.get("paths", {}).items():
        document["paths"].setdefault(path, {}).update(item)
    for kind, entries in part.get("components", {}).items():
        known = document["components"].setdefault(kind, {})
        known.update({name: entry for name, entry in entries.items() if name not in known})


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield the path, the method in capitals, and the operation of every route in a document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method.upper(), operation
