"""Writes spans into the log, for who has no collector."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id

from llmops_cli.serve.telemetry import line


class LoggedSpans(SpanExporter):
    """One line of the log for each span, in place of the SDK's blocks of indented JSON."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans."""
        for span in spans:
            line.write("Span", _fields(span))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held back."""


def _fields(span: ReadableSpan) -> dict[str, Any]:
    context = span.context
    assert context is not None, "a span that ended has one"
    nanoseconds = (span.end_time or 0) - (span.start_time or 0)
    attributes = dict(span.attributes or {})
    return {
        "request_id": attributes.get("llmops.request_id", "-"),
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
        "parent_id": format_span_id(span.parent.span_id) if span.parent else "",
        "span": span.name,
        "duration_ms": round(nanoseconds / 1e6, 2),
        "attributes": attributes,
    }
