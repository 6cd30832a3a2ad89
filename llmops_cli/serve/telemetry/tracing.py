"""Traces by OpenTelemetry: a span for each request, and in it one for the call of a model.

This module is loaded where traces are on; it needs the extra ``otel``. Names of attributes are
those of the semantic conventions for HTTP servers and for calls of generative AI.
"""

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.settings import Settings
from llmops_cli.serve.telemetry.console import LoggedSpans
from llmops_cli.serve.telemetry.spans import Addresses, Spans, addresses_of

_PARENT = (b"traceparent", b"tracestate")
#: Seconds that the end of the process waits for the last spans to be taken.
_FLUSH_SECONDS = 5.0


class Tracing:
    """Makes the spans of every exchange, and hands them to a thread that sends them.

    What the collector does (be slow, be away) never reaches a request: spans wait in a queue of
    limited length, and those that do not fit are dropped.
    """

    def __init__(self, settings: Settings) -> None:
        self._addresses: Addresses = addresses_of(settings.upstreams)
        self._propagator = TraceContextTextMapPropagator()
        # No exit handler: it would wait for a collector that is away.
        self._provider = TracerProvider(resource=_resource(settings), shutdown_on_exit=False)
        is_otlp = settings.telemetry.traces == "otlp"
        self._exporter = OTLPSpanExporter() if is_otlp else LoggedSpans()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("llmops.serve", settings.version)

    def began(self, exchange: Exchange, scope: Scope) -> None:
        """Begin the span of a request, in the trace of the caller if it names one."""
        context = self._propagator.extract(_parent(scope))
        exchange.trace = Spans(self._tracer, context, self._addresses)

    def over(self, exchange: Exchange) -> None:
        """End the spans of an exchange."""
        if isinstance(exchange.trace, Spans):
            exchange.trace.end(exchange)

    def close(self) -> None:
        """Send what waits, but do not wait for a collector that does not answer."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_FLUSH_SECONDS)
        if sending.is_alive():
            self._exporter.shutdown()


def _parent(scope: Scope) -> Mapping[str, Any]:
    carrier: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        if name in _PARENT:
            carrier.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return carrier


def _resource(settings: Settings) -> Resource:
    ours = {
        "service.name": "llmops",
        "service.version": settings.release,
        "llmops.commit": settings.commit,
    }
    # The operator's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    return Resource.create(ours).merge(OTELResourceDetector().detect())
