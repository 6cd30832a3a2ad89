"""A collector of OpenTelemetry: takes spans by OTLP over HTTP and keeps them as they came."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class TakenSpan:
    """One span, with ids in hex."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    kind: int
    is_error: bool
    start: int
    end: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


@dataclass
class Collector:
    """What has been sent, and the address to send to."""

    endpoint: str
    spans: list[TakenSpan] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for by_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = values(by_resource.resource.attributes)
            for by_scope in by_resource.scope_spans:
                self.spans += [_taken(span, resource) for span in by_scope.spans]


def values(attributes: Any) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value"))
        for each in attributes
        if each.value.WhichOneof("value") != "array_value"
    }


def _taken(span: Any, resource: Mapping[str, Any]) -> TakenSpan:
    return TakenSpan(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        span.status.code == 2,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        values(span.attributes),
        resource,
    )


class Handler(BaseHTTPRequestHandler):
    collector: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        self.collector.take(body)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Collector]:
    """Run a collector on a free port of the loopback address."""
    handler = type("CollectingHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
