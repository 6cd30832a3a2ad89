"""What a request, or an answer of a fake's handler, breaks of the contract."""

import re
from collections.abc import Iterator
from typing import Any

from tests.fakes.azure.models import problems
from tests.fakes.azure.operation import Operation
from tests.fakes.call import Call, Reply


def broken(call: Call, operation: Operation) -> Iterator[str]:
    """Yield what a request breaks of the contract."""
    if call.query.get("api-version") != operation.version:
        yield f"api-version is {call.query.get('api-version')}, not {operation.version}"
    for name, text in call.query.items():
        if name.lower() == "$skiptoken" and call.method == "GET":
            continue  # Azure's own, in the address of the next page.
        if name not in operation.query:
            yield f"the query has no `{name}`"
        elif not _is_of(operation.query[name]["kind"], text):
            yield f"`{name}` is {text!r}, which is no {operation.query[name]['kind']}"
    for name, known in operation.query.items():
        if known["required"] and name not in call.query:
            yield f"the query needs `{name}`"
    yield from _broken_body(call.body, operation)


def _broken_body(body: Any, operation: Operation) -> Iterator[str]:
    if operation.body is None:
        if body not in (None, {}):
            yield "it takes no body"
    elif body is None:
        yield "it needs a body"
    elif isinstance(body, bytes):
        yield "the body is no JSON"
    else:
        yield from problems(body, operation.body, operation.definitions)


def _is_of(kind: str, text: str) -> bool:
    if kind == "bool":
        return text in ("true", "false")
    return bool(re.fullmatch(r"-?\d+", text)) if kind == "int" else True


def untrue(reply: Reply, operation: Operation) -> Iterator[str]:
    """Yield what an answer is that the service would not give; errors may say anything."""
    if reply.status == 0 or reply.status >= 400:
        return
    if reply.status not in operation.statuses:
        yield (
            f"the fake answers {operation.name} with {reply.status}, "
            f"which is none of {operation.statuses}"
        )
    body = reply.body
    if operation.result and isinstance(body, dict | list):
        is_paged = "items" in operation.result and isinstance(body, dict)
        document = body["value"] if is_paged else body
        wrong = problems(document, operation.result, operation.definitions, is_answer=True)
        yield from (f"the fake's {operation.name}: {one}" for one in wrong)
