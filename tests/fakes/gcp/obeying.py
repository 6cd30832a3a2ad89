"""Whether requests, and answers of the fake's own handlers, are as the contract has them."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.call import Call, Reply
from tests.fakes.gcp.contract import Method, Schema, schema

_FORMS = {
    "int64": re.compile(r"-?\d{1,19}"),
    "uint64": re.compile(r"\d{1,20}"),
    "google-datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"),
    "google-duration": re.compile(r"-?\d+(\.\d{1,9})?s"),
    "google-fieldmask": re.compile(r"\*|[\w.]+(,[\w.]+)*"),
}
#: Asked as RFC 8693 has it, with underscores.
_UNDERSCORED = "sts.v1"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def broken(call: Call, method: Method) -> list[str]:
    """Return what a request does not keep of its contract."""
    found = []
    for name, text in call.query.items():
        rule = method.query.get(name)
        found += [f"query {name}: unknown"] if rule is None else _text(rule, text, f"query {name}")
    for name, rule in method.query.items():
        if rule.get("required") and name not in call.query:
            found.append(f"query {name}: required")
    if method.takes_media or method.id.endswith(("rawPredict", "RawPredict")):
        return found
    if method.request is None:
        return found + (["a body, which it does not take"] if call.body else [])
    is_part = method.verb == "PATCH"
    body = _camel(call.body) if method.document == _UNDERSCORED else call.body
    return found + list(_Reader(is_answer=False, is_part=is_part).read(method.request, body))


def untrue(reply: Reply, method: Method) -> list[str]:
    """Return what an answer of ours does not keep of the contract."""
    is_json = reply.body is None or isinstance(reply.body, dict)
    if reply.status >= 400 or reply.status == 0 or not is_json or method.response is None:
        return []
    found = list(_Reader(is_answer=True).read(method.response, reply.body or {}))
    for part in ("response", "metadata"):
        inner = (reply.body or {}).get(part) if isinstance(reply.body, dict) else None
        if isinstance(inner, dict) and "@type" in inner:
            found += _packed(method.document, inner, part)
    return [f"the fake's answer to {method.id}: {one}" for one in found]


def _packed(document: str, packed: Mapping[str, Any], at: str) -> Iterator[str]:
    """Check what is in a google.protobuf.Any against the schema of its type."""
    parts = str(packed["@type"]).rpartition("/")[2].split(".")
    plain = {name: value for name, value in packed.items() if name != "@type"}
    if parts[-1] == "Empty":
        return
    # google.cloud.aiplatform.v1.Model is GoogleCloudAiplatformV1Model.
    name = "".join(part[:1].upper() + part[1:] for part in parts)
    yield from _Reader(is_answer=True).read(schema(document, name), plain, at)


@dataclass(frozen=True)
class _Reader:
    """Reads a value with a schema. ``is_part``: a mask says which fields count, as in a PATCH."""

    is_answer: bool
    is_part: bool = False

    def read(self, rule: Schema, value: Any, at: str = "") -> Iterator[str]:
        content = rule.content
        if "$ref" in content:
            yield from self.read(rule.named(content["$ref"]), value, at)
            return
        kind = content.get("type", "any")
        wanted = _TYPES.get(kind)
        if wanted is not None and not _is_one(value, wanted):
            yield f"{at or 'the body'}: not of type {kind}: {value!r}"
        elif kind == "object":
            yield from self._fields(rule, value, at)
        elif kind == "array":
            for number, one in enumerate(value):
                yield from self.read(
                    Schema(rule.document, content["items"]), one, f"{at}[{number}]"
                )
        elif kind == "string":
            yield from _text(content, value, at)

    def _fields(self, rule: Schema, value: Mapping[str, Any], at: str) -> Iterator[str]:
        known = rule.content.get("properties", {})
        others = rule.content.get("additionalProperties")
        for name, inner in value.items():
            place = f"{at}.{name}" if at else name
            own = known.get(name, others)
            if own is None:
                yield f"{place}: unknown"
                continue
            if inner is None and not self.is_answer:
                # In JSON of Google's, the same as nothing.
                continue
            # Who reads a resource, changes it and sends it back, sends what is output only too.
            if own.get("readOnly") and not self.is_answer and not self.is_part:
                yield f"{place}: output only"
            yield from self.read(Schema(rule.document, own), inner, place)
        if not self.is_answer and not (self.is_part and not at):
            yield from _missing(known, value, at)


def _missing(known: Mapping[str, Any], value: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, own in known.items():
        is_required = own.get("description", "").startswith("Required.")
        # Of numbers and truths, what is not there is 0 and false.
        has_none = own.get("type") in ("integer", "number", "boolean")
        if is_required and not has_none and value.get(name) in (None, "", {}, []):
            yield f"{at}.{name}: required".lstrip(".")


def _is_one(value: Any, wanted: tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def _text(rule: Mapping[str, Any], value: str, at: str) -> list[str]:
    form = rule.get("format", "")
    if "enum" in rule and value not in rule["enum"]:
        return [f"{at}: {value!r} is none of {', '.join(rule['enum'][:8])}"]
    if form in _FORMS and not _FORMS[form].fullmatch(value):
        return [f"{at}: {value!r} is no {form}"]
    if form == "byte":
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return [f"{at}: not base64"]
    return []


def _camel(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        re.sub("_(.)", lambda match: match[1].upper(), name): text for name, text in body.items()
    }
