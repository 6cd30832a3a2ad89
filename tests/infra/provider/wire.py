"""Schemas and ephemeral values on the wire, as far as the generated messages do not know them.

The package `tf` is older than write-only arguments and ephemeral values. Protocol buffers keep
fields that they do not know, so those are appended as bytes:
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin6.proto
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb

_NESTING = pb.Schema.NestedBlock.NestingMode
#: Schema.Attribute.write_only = 11, a boolean.
_WRITE_ONLY = b"\x58\x01"

Open = Callable[[str, dict[str, Any]], dict[str, Any]]


def schema_of(block: Mapping[str, Any]):
    """Return the schema of a resource, a data source or a provider."""
    return pb.Schema(version=0, block=_block(block))


def with_ephemeral_names(answer, names: Iterable[str]):
    """Add `ephemeral_resources = 6` to the metadata."""
    extra = b"".join(_field(6, _field(1, name.encode())) for name in names)
    return type(answer).FromString(answer.SerializeToString() + extra)


def with_ephemeral_schemas(answer, blocks: Mapping[str, Any]):
    """Add `ephemeral_resource_schemas = 8`, a map, to the schema of a provider."""
    extra = b""
    for name, block in blocks.items():
        entry = _field(1, name.encode()) + _field(2, schema_of(block).SerializeToString())
        extra += _field(8, entry)
    return type(answer).FromString(answer.SerializeToString() + extra)


def ephemeral_calls(open_value: Open):
    """Return the handlers of the calls about ephemeral values."""

    def opened(request: bytes, context) -> bytes:
        # Its fields are numbered like those of another message, which is known.
        asked = pb.ValidateResourceConfig.Request.FromString(request)
        given = msgpack.unpackb(asked.config.msgpack, strict_map_key=False)
        result = pb.DynamicValue(msgpack=msgpack.packb(open_value(asked.type_name, given)))
        return _field(3, result.SerializeToString())

    def nothing(request: bytes, context) -> bytes:
        return b""

    calls = {
        "ValidateEphemeralResourceConfig": nothing,
        "OpenEphemeralResource": opened,
        "RenewEphemeralResource": nothing,
        "CloseEphemeralResource": nothing,
    }
    handlers = {name: grpc.unary_unary_rpc_method_handler(call) for name, call in calls.items()}
    return grpc.method_handlers_generic_handler("tfplugin6.Provider", handlers)


def _block(block: Mapping[str, Any]):
    return pb.Schema.Block(
        attributes=[_attribute(attribute) for attribute in block["attributes"]],
        block_types=[_nested(inner) for inner in block["blocks"]],
    )


def _attribute(attribute: Mapping[str, Any]):
    made = pb.Schema.Attribute(
        name=attribute["name"],
        type=json.dumps(attribute["type"]).encode(),
        required=attribute["required"],
        optional=not attribute["required"] and not _is_only_said(attribute),
        computed=attribute["computed"],
    )
    extra = _WRITE_ONLY if attribute["name"].endswith("_wo") else b""
    return type(made).FromString(made.SerializeToString() + extra)


def _is_only_said(attribute: Mapping[str, Any]) -> bool:
    return attribute["computed"] and attribute["name"] != "id"


def _nested(inner: Mapping[str, Any]):
    if inner["name"] == "timeouts":
        nesting = _NESTING.Value("SINGLE")
        return pb.Schema.NestedBlock(type_name="timeouts", block=_block(inner), nesting=nesting)
    return pb.Schema.NestedBlock(
        type_name=inner["name"],
        block=_block(inner),
        nesting=_NESTING.Value("LIST"),
        min_items=1 if inner["required"] else 0,
        max_items=1 if inner["is_single"] else 0,
    )


def _field(number: int, content: bytes) -> bytes:
    """Return a field with a length, as protocol buffers write it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = b""
    while number > 0x7F:
        written += bytes([number & 0x7F | 0x80])
        number >>= 7
    return written + bytes([number])
