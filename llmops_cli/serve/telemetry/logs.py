"""Log lines: one JSON object per line on standard output, for our own and for the server's."""

import json
import logging
import os
import sys
import threading
from types import TracebackType
from typing import Any

import orjson

from llmops_cli.serve.access.caller import ANONYMOUS
from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.telemetry import line
from llmops_cli.serve.telemetry.output import Output
from llmops_cli.serve.telemetry.settings import TelemetrySettings


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. ``extra={"fields": {...}}`` adds fields to it."""

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        exchange = current.get()
        told = {
            "timestamp": timestamp(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": exchange.id if exchange else "-",
            "release": self._release,
        }
        if exchange is not None and exchange.trace is not None:
            told["trace_id"] = exchange.trace.id
        told.update(getattr(record, "fields", ()))
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return _encoded(told)


def _encoded(told: dict[str, Any]) -> str:
    try:
        return orjson.dumps(told, default=str).decode()
    except orjson.JSONEncodeError:
        # Half a surrogate pair, or a number of more than 64 bits.
        return json.dumps(told, default=str)


def configure(settings: TelemetrySettings, release: str) -> None:
    """Send every logger of this process through one handler to standard output, as JSON.

    What nobody caught, in the main thread or another, is logged too. Uvicorn must be started with
    ``log_config=None`` and without its access log: a request has its line from the envelope.
    """
    handler = Output(_standard_output())
    handler.setFormatter(JsonLines(release))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    if settings.logs_prompts:
        line.LOGGER.warning("LLMOPS_LOG_PROMPTS is true: what callers ask is in this log")


def completed(exchange: Exchange) -> None:
    """Write the line of a request that is over, with what is known of it.

    An incident id is not repeated: it leads to one line, the one that tells what happened.
    """
    fields: dict[str, Any] = {
        "method": exchange.method,
        "path": exchange.route,
        "status": exchange.status,
        "duration_ms": _milliseconds(exchange.seconds),
    }
    if exchange.caller is not ANONYMOUS or exchange.model:
        fields["user"] = exchange.caller.name
        fields["tenant"] = exchange.caller.tenant
    if exchange.client:
        fields["client"] = exchange.client
    if exchange.model:
        _tell_of_model(exchange, fields)
    line.write("Request completed", fields)


def _tell_of_model(exchange: Exchange, fields: dict[str, Any]) -> None:
    fields["model"] = exchange.model
    fields["is_stream"] = exchange.is_stream
    if exchange.answering_model and exchange.answering_model != exchange.model:
        fields["answering_model"] = exchange.answering_model
    if exchange.upstream:
        fields["upstream"] = exchange.upstream
        fields["attempts"] = exchange.attempts
    if exchange.first_chunk_at is not None:
        seconds = exchange.first_chunk_at - exchange.started_at
        fields["time_to_first_token_ms"] = _milliseconds(seconds)
    if exchange.prompt_tokens is not None:
        fields["prompt_tokens"] = exchange.prompt_tokens
    if exchange.completion_tokens is not None:
        fields["completion_tokens"] = exchange.completion_tokens
    if exchange.cost is not None:
        fields["cost"] = exchange.cost


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _standard_output() -> int:
    # Without a standard output its number may by now be that of a connection.
    return sys.stdout.fileno() if sys.stdout else os.open(os.devnull, os.O_WRONLY)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    line.LOGGER.critical("Nobody caught this", exc_info=(kind, error, trace))


def _uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is None:
        return
    name = caught.thread.name if caught.thread else "a thread"
    about = (caught.exc_type, caught.exc_value, caught.exc_traceback)
    line.LOGGER.error("Nobody caught this in %s", name, exc_info=about)


def _unraisable(caught: "sys.UnraisableHookArgs") -> None:
    words = caught.err_msg or "Exception ignored"
    about = (caught.exc_type, caught.exc_value or caught.exc_type(), caught.exc_traceback)
    line.LOGGER.error("%s", words, exc_info=about)
