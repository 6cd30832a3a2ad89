"""The two spans of one exchange: what the caller asked of us, and what we asked of a model."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from llmops_cli.serve.exchange import CLIENT_LEFT, Exchange
from llmops_cli.serve.telemetry.metrics import KNOWN_METHODS, NO_ROUTE
from llmops_cli.serve.upstreams.settings import UpstreamSettings

#: What spans call a method that HTTP does not define.
_OTHER_METHOD = "_OTHER"
#: The dialect that every upstream speaks. What runs behind it is told by address and model.
_PROVIDER = "openai"
_PORTS = {"http": 80, "https": 443}

#: Hosts and ports of the upstreams that are elsewhere, by their names.
Addresses = Mapping[str, tuple[str, int]]

Attributes = dict[str, str | int | float | bool]


def addresses_of(upstreams: Iterable[UpstreamSettings]) -> Addresses:
    """Return where the upstreams are that are not in this process."""
    urls = {upstream.name: urlsplit(upstream.base_url) for upstream in upstreams}
    return {
        name: (url.hostname, url.port or _PORTS[url.scheme])
        for name, url in urls.items()
        if url.hostname
    }


class Spans:
    """Begins with the request. The path itself is in no span: it may hold what is private."""

    __slots__ = ("_addresses", "_call", "_context", "_request", "_tracer", "id")

    def __init__(self, tracer: Tracer, context: Context, addresses: Addresses) -> None:
        self._tracer = tracer
        self._addresses = addresses
        self._request = tracer.start_span("request", context, SpanKind.SERVER)
        self._context = trace.set_span_in_context(self._request, context)
        self._call: Span | None = None
        self.id = format_trace_id(self._request.get_span_context().trace_id)

    @property
    def headers(self) -> bytes:
        """The header lines that put the upstream's spans below the call, or below the request."""
        carrier: dict[str, str] = {}
        span = self._call or self._request
        TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span))
        return "".join(f"{name}: {value}\r\n" for name, value in carrier.items()).encode("ascii")

    def called(self, model: str) -> None:
        """Begin the span of a call, once."""
        if self._call is None:
            kind = SpanKind.CLIENT if self._addresses else SpanKind.INTERNAL
            self._call = self._tracer.start_span(f"chat {model}", self._context, kind)

    def end(self, exchange: Exchange) -> None:
        """End both with what is known of the exchange."""
        if self._call is not None:
            _end(self._call, self._of_call(exchange), exchange.failure or _fault(exchange.status))
        method = exchange.method if exchange.method in KNOWN_METHODS else _OTHER_METHOD
        has_route = exchange.route != NO_ROUTE
        self._request.update_name(f"{method} {exchange.route}" if has_route else method)
        about = _of_request(exchange, method)
        _end(self._request, about, _server_fault(exchange))

    def _of_call(self, exchange: Exchange) -> Attributes:
        about: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDER if exchange.upstream in self._addresses else "llmops",
            "gen_ai.request.model": exchange.model,
            "gen_ai.request.stream": exchange.is_stream,
            "llmops.request_id": exchange.id,
        }
        if exchange.upstream in self._addresses:
            about["server.address"], about["server.port"] = self._addresses[exchange.upstream]
        if exchange.upstream:
            about["llmops.upstream"] = exchange.upstream
            about["llmops.attempts"] = exchange.attempts
        about.update(_outcome(exchange))
        return about


def _outcome(exchange: Exchange) -> Attributes:
    about: Attributes = {}
    if exchange.answering_model and exchange.status < 400:
        about["gen_ai.response.model"] = exchange.answering_model
    if exchange.prompt_tokens is not None:
        about["gen_ai.usage.input_tokens"] = exchange.prompt_tokens
    if exchange.completion_tokens is not None:
        about["gen_ai.usage.output_tokens"] = exchange.completion_tokens
    if exchange.first_chunk_at is not None and exchange.called_at is not None:
        seconds = exchange.first_chunk_at - exchange.called_at
        about["gen_ai.response.time_to_first_chunk"] = seconds
    if exchange.cost is not None:
        about["llmops.cost"] = exchange.cost
    return about


def _of_request(exchange: Exchange, method: str) -> Attributes:
    about: Attributes = {
        "http.request.method": method,
        "url.scheme": "http",
        "llmops.request_id": exchange.id,
        "llmops.caller": exchange.caller.name,
        "llmops.tenant": exchange.caller.tenant,
    }
    if exchange.route != NO_ROUTE:
        about["http.route"] = exchange.route
    if exchange.status != CLIENT_LEFT:
        about["http.response.status_code"] = exchange.status
    if exchange.client:
        about["client.address"] = exchange.client
    if exchange.incident_id:
        about["llmops.incident_id"] = exchange.incident_id
    return about


def _fault(status: int) -> str:
    return str(status) if status >= 400 else ""


def _server_fault(exchange: Exchange) -> str:
    """Return the type of an error of ours: a server's span does not fail by a fault of a client."""
    if exchange.failure:
        return exchange.failure
    return str(exchange.status) if exchange.status >= 500 else ""


def _end(span: Span, about: Attributes, error: str) -> None:
    if error:
        about["error.type"] = error
        span.set_status(Status(StatusCode.ERROR))
    span.set_attributes(about)
    span.end()
