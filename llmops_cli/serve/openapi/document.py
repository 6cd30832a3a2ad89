"""Makes the OpenAPI document of what an application really serves."""

import json
import re
from collections.abc import Iterable, Sequence

from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from llmops_cli.serve.openapi.parts import Json, assembled, merge, operations

#: What the framework answers of itself to another method of the same path.
_IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})

#: `{name:path}` is `{name}` in the document.
_CONVERTOR = re.compile(r":[a-z]+\}")

_HEADERS: Json = {
    "X-Request-ID": {"$ref": "#/components/headers/RequestId"},
    "X-Release": {"$ref": "#/components/headers/Release"},
}
_RETRY_AFTER: Json = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
_CHALLENGE: Json = {"WWW-Authenticate": {"schema": {"type": "string"}}}
_SCHEMES: list[Json] = [{"bearer": []}, {"apiKey": []}]


def published(routes: Sequence[BaseRoute], release: str, *, is_anonymous: bool) -> Json:
    """Return the document of ``routes``, for a reader who may know that they exist.

    What the parts do not know, a route of FastAPI tells by itself: so do those of the project.
    """
    document = assembled()
    document["info"]["version"] = release
    served = operations_of(routes)
    _keep_only(document, served)
    known = {(path, method) for path, method, _ in operations(document)}
    _add_generated(document, [route for route in routes if not operations_of([route]) <= known])
    for path, _, operation in operations(document):
        _complete(path, operation, is_anonymous=is_anonymous)
    for shared in document["components"]["responses"].values():
        _add_headers("", shared)
    return document


def operations_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Return the paths, as the document writes them, and the methods of routes."""
    return {
        (_CONVERTOR.sub("}", context.path), method)
        for context in iter_route_contexts(list(routes))
        if context.path is not None
        for method in (context.methods or ())
        if method not in _IMPLIED_METHODS
    }


def _keep_only(document: Json, served: set[tuple[str, str]]) -> None:
    for path, method, _ in list(operations(document)):
        if (path, method) not in served:
            del document["paths"][path][method.lower()]
    empty = set(document["paths"]) - {path for path, _, _ in operations(document)}
    for path in empty:
        del document["paths"][path]


def _add_generated(document: Json, routes: Sequence[BaseRoute]) -> None:
    generated = _renamed(get_openapi(title="", version="", routes=routes), document)
    for _, _, operation in operations(generated):
        operation.setdefault("tags", ["project"])
    merge(document, generated)


def _renamed(generated: Json, document: Json) -> Json:
    """Give schemas of the project that are called like ours another name."""
    taken = document["components"]["schemas"].keys() & _schemas(generated).keys()
    text = json.dumps(generated)
    for name in taken:
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/Own{name}"')
    renamed: Json = json.loads(text)
    for name in taken:
        _schemas(renamed)[f"Own{name}"] = _schemas(renamed).pop(name)
    return renamed


def _schemas(document: Json) -> Json:
    found: Json = document.get("components", {}).get("schemas", {})
    return found


def _complete(path: str, operation: Json, *, is_anonymous: bool) -> None:
    """Add what is true of every route, where the parts say nothing else."""
    is_open = is_anonymous or operation.get("security") == []
    operation["security"] = [] if is_open else _SCHEMES
    responses = operation["responses"]
    responses.setdefault("500", _fault(path, 500, "A defect of the server."))
    if not is_open:
        responses.setdefault("401", _fault(path, 401, "The credential is missing or wrong."))
        responses.setdefault("429", _fault(path, 429, "Too many requests."))
    if "requestBody" in operation:
        responses.setdefault("413", _fault(path, 413, "The body is too large."))
    for status, response in responses.items():
        _add_headers(status, response)


def _fault(path: str, status: int, words: str) -> Json:
    own = "Incident" if status >= 500 else "Detail"
    name = "Error" if path.startswith("/v1/") else own
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _add_headers(status: str, response: Json) -> None:
    if "$ref" in response:
        return
    headers: Json = dict(_HEADERS)
    if status == "401":
        headers |= _CHALLENGE
    if status in ("429", "503"):
        headers |= _RETRY_AFTER
    response["headers"] = {**headers, **response.get("headers", {})}
