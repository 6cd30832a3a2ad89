"""Judges one answer by a pattern or a schema: a program, started for each so it can be stopped.

It reads a JSON object with ``text`` and either ``pattern`` or ``schema``, and writes a JSON text:
what is wrong, or nothing.
"""

import json
import re
import sys
from typing import Any


def main() -> None:
    """Judge what stands on stdin; the verdict goes to stdout, a failure to stderr with status 1."""
    case = json.load(sys.stdin)
    verdict = _by_pattern(case) if "pattern" in case else _by_schema(case)
    json.dump(verdict, sys.stdout)


def _by_pattern(case: dict[str, Any]) -> str:
    found = re.search(case["pattern"], case["text"])
    return "" if found else f"does not match {case['pattern']!r}"


def _by_schema(case: dict[str, Any]) -> str:
    try:
        document = json.loads(case["text"])
    except (ValueError, RecursionError):
        return "is not JSON"
    return _first_error(document, case["schema"])


def _first_error(document: object, schema: dict[str, Any]) -> str:
    # Here, because a pattern is judged without them, and they take a while to load.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from referencing import Registry

    # An empty registry: a reference to an address is an error and not a download.
    validator = Draft202012Validator(schema, registry=Registry())
    broken = next(validator.iter_errors(document), None)
    if broken is None:
        return ""
    return f"breaks {'/'.join(map(str, broken.absolute_schema_path))} of its schema"


if __name__ == "__main__":
    main()
