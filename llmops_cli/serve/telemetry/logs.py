"""Log lines: one JSON object per line on standard output, for our own and for the server's."""

import json
import logging
import sys

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.settings import Settings

_log = logging.getLogger("llmops.serve")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. ``extra={"fields": {...}}`` adds fields to it."""

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        exchange = current.get()
        line = {
            "timestamp": timestamp(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": exchange.id if exchange else "-",
            "release": self._release,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(settings: Settings) -> None:
    """Send every logger of this process through one handler to standard output, as JSON.

    Uvicorn must be started with ``log_config=None`` and without its access log: a request has
    its line from the envelope.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(settings.release))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)


def completed(exchange: Exchange) -> None:
    """Write the line of a request that is over."""
    if not _log.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": exchange.method,
        "path": exchange.route,
        "status": exchange.status,
        "duration_ms": round(exchange.seconds * 1000, 2),
    }
    _log.info("Request completed", extra={"fields": fields})
