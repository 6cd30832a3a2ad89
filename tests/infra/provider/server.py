"""A provider of Terraform in the test's own process: real schemas, no cloud (protocol 6, gRPC).

Terraform finds it by TF_REATTACH_PROVIDERS, so that no registry is asked.
"""

# ruff: noqa: N802 - the protocol names the methods

import copy
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
import msgpack
from tf.gen import grpc_controller_pb2 as controller
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import grpc_stdio_pb2_grpc as stdio_rpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from tests.infra.provider import wire
from tests.infra.provider.world import World

_UNKNOWN = msgpack.ExtType(0, b"\x00")
#: What cannot be changed in place, as with the real provider.
_REPLACING = ("name", "location", "resource_group_name")

Block = Mapping[str, Any]


class Provider(rpc.ProviderServicer):
    """One provider: its schema, and the world that it changes."""

    def __init__(self, schema: Mapping[str, Any], world: World) -> None:
        self.schema, self.world = schema, world

    def GetMetadata(self, request, context):
        kinds, metadata = self.schema, pb.GetMetadata
        answer = metadata.Response(
            resources=[metadata.ResourceMetadata(type_name=name) for name in kinds["resources"]],
            data_sources=[metadata.DataSourceMetadata(type_name=name) for name in kinds["data"]],
        )
        return wire.with_ephemeral_names(answer, kinds["ephemeral"])

    def GetProviderSchema(self, request, context):
        return self._schema

    @cached_property
    def _schema(self):
        """Every run of Terraform asks for it, several times."""
        kinds = self.schema
        answer = pb.GetProviderSchema.Response(
            provider=wire.schema_of(kinds["provider"]),
            resource_schemas={n: wire.schema_of(b) for n, b in kinds["resources"].items()},
            data_source_schemas={n: wire.schema_of(b) for n, b in kinds["data"].items()},
        )
        return wire.with_ephemeral_schemas(answer, kinds["ephemeral"])

    def ValidateProviderConfig(self, request, context):
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request, context):
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request, context):
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request, context):
        state = pb.DynamicValue(json=request.raw_state.json)
        return pb.UpgradeResourceState.Response(upgraded_state=state)

    def ReadDataSource(self, request, context):
        given = _unpacked(request.config)
        said = {**given, **self.world.data(request.type_name)}
        return pb.ReadDataSource.Response(state=_packed(said))

    def ReadResource(self, request, context):
        known = _unpacked(request.current_state)
        if request.type_name.startswith("time_"):
            return pb.ReadResource.Response(new_state=request.current_state)
        return pb.ReadResource.Response(new_state=_packed(self.world.objects.get(known["id"])))

    def PlanResourceChange(self, request, context):
        prior, wanted = _unpacked(request.prior_state), _unpacked(request.proposed_new_state)
        if wanted is None:
            return pb.PlanResourceChange.Response(planned_state=request.proposed_new_state)
        block = self.schema["resources"][request.type_name]
        replacing = [k for k in _REPLACING if prior and k in prior and prior[k] != wanted.get(k)]
        planned = _with_unknowns(block, wanted)
        _forget_write_only(planned)
        return pb.PlanResourceChange.Response(
            planned_state=_packed(planned),
            requires_replace=[
                pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=key)])
                for key in replacing
            ],
        )

    def ApplyResourceChange(self, request, context):
        kind = request.type_name
        prior, planned = _unpacked(request.prior_state), _unpacked(request.planned_state)
        subject = planned or prior
        name = str(subject.get("name") or subject["id"])
        self.world.before(kind, name)
        if name in self.world.fails or self.world.stopped.is_set():
            return self._refused(request.prior_state, self.world.fails.get(name, "stopped"))
        if planned is None:
            self.world.objects.pop(prior["id"], None)
            self.world.changes.append(("destroy", kind, name))
            return pb.ApplyResourceChange.Response(new_state=_packed(None))
        self.world.changes.append(("update" if prior else "create", kind, name))
        self._keep_write_only(kind, name, _unpacked(request.config))
        made = self._known(kind, self.schema["resources"][kind], planned, planned)
        self.world.objects[made["id"]] = copy.deepcopy(made)
        return pb.ApplyResourceChange.Response(new_state=_packed(made))

    def StopProvider(self, request, context):
        self.world.stopped.set()
        return pb.StopProvider.Response()

    def open_ephemeral(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return an ephemeral value."""
        return {**given, **self.world.opened(kind, given)}

    def _known(self, kind: str, block: Block, value: dict[str, Any], top: dict[str, Any]) -> Any:
        """Return a planned block with what was unknown filled in."""
        made = dict(value)
        for attribute in block["attributes"]:
            name = attribute["name"]
            if isinstance(made.get(name), msgpack.ExtType):
                text = attribute["type"] == "string"
                made[name] = (
                    self.world.computed(kind, name, top) if text else _empty(attribute["type"])
                )
        for inner in block["blocks"]:
            if isinstance(made.get(inner["name"]), list):
                held = made[inner["name"]]
                made[inner["name"]] = [self._known(kind, inner, one, top) for one in held]
        return made

    def _keep_write_only(self, kind: str, name: str, config: dict[str, Any]) -> None:
        for key, value in config.items():
            if key.endswith("_wo") and value is not None:
                assert isinstance(value, str), (kind, name, key, value)
                self.world.secrets[kind, name, key] = value

    def _refused(self, prior, why: str):
        trouble = pb.Diagnostic(
            severity=pb.Diagnostic.ERROR, summary="creating: unexpected status", detail=why
        )
        return pb.ApplyResourceChange.Response(new_state=prior, diagnostics=[trouble])


class _Controller(controller_rpc.GRPCControllerServicer):
    def Shutdown(self, request, context):
        return controller.Empty()


class _Output(stdio_rpc.GRPCStdioServicer):
    def StreamStdio(self, request, context):
        return iter([])


@contextmanager
def serving(providers: Mapping[str, Provider]) -> Iterator[str]:
    """Serve providers by their full names; give what TF_REATTACH_PROVIDERS has to say."""
    folder = Path(tempfile.mkdtemp(prefix="stub"))
    servers, addresses = [], {}
    for number, (name, provider) in enumerate(providers.items()):
        server = grpc.server(futures.ThreadPoolExecutor(4))
        rpc.add_ProviderServicer_to_server(provider, server)
        controller_rpc.add_GRPCControllerServicer_to_server(_Controller(), server)
        stdio_rpc.add_GRPCStdioServicer_to_server(_Output(), server)
        server.add_generic_rpc_handlers((wire.ephemeral_calls(provider.open_ephemeral),))
        socket = folder / f"{number}.sock"
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        servers.append(server)
        addresses[name] = {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "unix", "String": str(socket)},
        }
    try:
        yield json.dumps(addresses)
    finally:
        for server in servers:
            server.stop(0).wait()
        shutil.rmtree(folder)


def _empty(kind: Any) -> Any:
    """Return a value of a type that is no text."""
    if isinstance(kind, list):
        return [] if kind[0] == "list" else {}
    return {"number": 0, "bool": False}.get(kind)


def _with_unknowns(block: Block, value: dict[str, Any]) -> dict[str, Any]:
    """Return a proposed block with what only the provider can say marked as unknown."""
    planned = dict(value)
    for attribute in block["attributes"]:
        if attribute["computed"] and planned.get(attribute["name"]) is None:
            planned[attribute["name"]] = _UNKNOWN
    for inner in block["blocks"]:
        if isinstance(planned.get(inner["name"]), list):
            planned[inner["name"]] = [_with_unknowns(inner, one) for one in planned[inner["name"]]]
    return planned


def _forget_write_only(value: dict[str, Any]) -> None:
    for key in value:
        if key.endswith("_wo"):
            value[key] = None


def _unpacked(value) -> Any:
    if value.json:
        return json.loads(value.json)
    return msgpack.unpackb(value.msgpack, ext_hook=msgpack.ExtType, strict_map_key=False)


def _packed(value: Any):
    return pb.DynamicValue(msgpack=msgpack.packb(value))
