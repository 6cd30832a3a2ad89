"""The interfaces of Google Cloud, read from the discovery documents of the installed package."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

#: The interfaces that the fake speaks.
DOCUMENTS = (
    "aiplatform.v1",
    "run.v2",
    "secretmanager.v1",
    "storage.v1",
    "logging.v2",
    "iamcredentials.v1",
    "sts.v1",
)
#: Those of many more services have the paths of operations that take a while.
_PART = re.compile(r"\{\+?(\w+)\}")
#: What every request may have in its query.
_SYSTEM = frozenset({"$alt", "$prettyPrint", "ifMetagenerationMatch"})


@dataclass(frozen=True)
class Schema:
    """A schema of a document: what a value of JSON must be like."""

    document: str
    content: Mapping[str, Any]

    def named(self, name: str) -> "Schema":
        """Return a schema of the same document."""
        return Schema(self.document, _schemas(self.document)[name])


@dataclass(frozen=True)
class Method:
    """One operation: ``pattern`` matches paths of requests; its groups are the parameters."""

    id: str
    document: str
    verb: str
    pattern: re.Pattern[str]
    #: The path with a star for each part that differs.
    shape: str
    query: Mapping[str, Mapping[str, Any]]
    request: Schema | None
    response: Schema | None
    takes_media: bool = False
    upload_pattern: re.Pattern[str] | None = None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters of a path, or None where it is not one of this operation."""
        for pattern in (self.pattern, self.upload_pattern):
            found = pattern.fullmatch(path) if pattern else None
            if found:
                return found.groupdict()
        return None


@dataclass(frozen=True)
class Contract:
    """All operations of some interfaces."""

    documents: tuple[str, ...] = DOCUMENTS
    _known: dict[str, tuple[Method, ...]] = field(default_factory=dict)

    def method(self, id: str) -> Method:
        """Return an operation by its id, such as ``storage.objects.get``.

        Raises:
            LookupError: there is none.
        """
        found = next((one for one in self.all() if one.id == id), None)
        if found is None:
            raise LookupError(f"no interface has an operation {id}")
        return found

    def shaped(self, document: str, verb: str, shape: str) -> Method:
        """Return an operation of a document by its verb and the shape of its path.

        Raises:
            LookupError: there is none.
        """
        for one in _methods(document):
            if (one.verb, one.shape) == (verb, shape):
                return one
        raise LookupError(f"{document} has no {verb} {shape}")

    def matching(self, verb: str, path: str) -> Iterator[tuple[Method, dict[str, str]]]:
        """Yield the operations that a request can be, with the parameters of its path."""
        for one in self.all():
            if one.verb == verb and (found := one.match(path)) is not None:
                yield one, found

    def all(self) -> Iterable[Method]:
        """Yield all operations."""
        for document in self.documents:
            yield from _methods(document)


def schema(document: str, name: str) -> Schema:
    """Return a schema by its name."""
    return Schema(document, _schemas(document)[name])


def shape_of(path: str) -> str:
    """Return a path with a star for each of its parameters, however it writes them."""
    whole = re.sub(r"\{[^{}=]+=([^{}]+)\}", r"\1", path)
    return re.sub(r"\{[^{}]+\}", "*", whole).lstrip("/")


@cache
def _document(name: str) -> Mapping[str, Any]:
    file = files("googleapiclient.discovery_cache.documents") / f"{name}.json"
    found: Mapping[str, Any] = json.loads(file.read_text())
    return found


def _schemas(document: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _document(document)["schemas"]
    return found


@cache
def _methods(document: str) -> tuple[Method, ...]:
    return tuple(_method(document, one) for one in _walked(_document(document)))


def _walked(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _walked(inner)


def _method(document: str, found: Mapping[str, Any]) -> Method:
    whole = _document(document)
    base = "/" + whole["servicePath"]
    parameters = found.get("parameters", {})
    upload = found.get("mediaUpload", {}).get("protocols", {}).get("simple", {}).get("path")
    return Method(
        found["id"],
        document,
        found["httpMethod"],
        _pattern(base + found["path"], parameters, is_strict=document != "storage.v1"),
        shape_of(whole["servicePath"] + (found.get("flatPath") or found["path"])),
        {
            **whole["parameters"],
            **{name: {"type": "string"} for name in _SYSTEM},
            **{name: one for name, one in parameters.items() if one["location"] == "query"},
        },
        _reference(document, found.get("request")),
        _reference(document, found.get("response")),
        bool(found.get("supportsMediaDownload") or found.get("supportsMediaUpload")),
        _pattern(upload, parameters, is_strict=False) if upload else None,
    )


def _reference(document: str, found: Mapping[str, str] | None) -> Schema | None:
    return schema(document, found["$ref"]) if found else None


def _pattern(path: str, parameters: Mapping[str, Any], *, is_strict: bool) -> re.Pattern[str]:
    """Return what paths look like; in strict ones a colon begins what is done, as in ``:undo``."""
    part = "[^/:]+" if is_strict else "[^/]+"
    text, at = "", 0
    for found in _PART.finditer(path):
        text += re.escape(path[at : found.start()])
        own = parameters.get(found[1], {}).get("pattern", f"^{part}$").strip("^$")
        text += f"(?P<{found[1]}>{own.replace('[^/]+', part)})"
        at = found.end()
    return re.compile(text + re.escape(path[at:]))
