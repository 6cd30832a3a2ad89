"""What it costs one request for a model to be logged, counted and traced, in processor time.

The log goes to a file, the traces to a collector that is away. Each figure is the best of many
short rounds, so that other work on the machine falls out. Goals: 15 µs for the line of a request,
10 µs for counting it; tracing, which is off by default, has none.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable

from llmops_cli.serve import settings
from llmops_cli.serve.exchange import Exchange, current
from llmops_cli.serve.telemetry import line, logs
from llmops_cli.serve.telemetry.metrics import Metrics
from llmops_cli.serve.telemetry.tracing import Tracing

ROUNDS = 40
REQUESTS = 1000
SCOPE = {
    "method": "POST",
    "path": "/v1/chat/completions",
    "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
}
COLLECTOR = "http://127.0.0.1:9"


def main() -> None:
    """Measure and print."""
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = COLLECTOR
    told = settings.load({"LLMOPS_AUTH": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR})
    exchange = _over()
    current.set(exchange)
    metrics, tracing = Metrics(), Tracing(told)

    def counted() -> None:
        metrics.began(exchange, SCOPE)
        metrics.over(exchange)

    def traced() -> None:
        tracing.began(exchange, SCOPE)
        assert exchange.trace is not None
        exchange.trace.called(exchange.model)
        assert exchange.trace.headers
        tracing.over(exchange)

    with tempfile.TemporaryFile() as file:
        result = os.dup(1)
        os.dup2(file.fileno(), 1)
        logs.configure(told.telemetry, "bench")
        logged = _best(lambda: logs.completed(exchange))
        called = _best(lambda: line.write("LLM request started", {"user": "me", "model": "m"}))
        os.dup2(result, 1)
    logging.disable(logging.CRITICAL)
    figures = {"line of the request": logged, "line of the call": called}
    figures |= {"metrics": _best(counted), "traces": _best(traced)}
    for name, microseconds in figures.items():
        print(f"{name:<22} {microseconds:6.1f} µs")
    sys.stdout.flush()


def _over() -> Exchange:
    exchange = Exchange("req_0123456789abcdef", SCOPE)
    exchange.route, exchange.status = exchange.path, 200
    exchange.model, exchange.upstream, exchange.attempts = "gpt", "cloud", 1
    exchange.prompt_tokens, exchange.completion_tokens, exchange.cost = 12, 100, 0.00012
    exchange.called_at = exchange.first_chunk_at = exchange.started_at
    exchange.is_stream = True
    exchange.end()
    return exchange


def _best(work: Callable[[], None]) -> float:
    """Return the microseconds of this thread for one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time()
        for _ in range(REQUESTS):
            work()
        best = min(best, time.thread_time() - started)
    return best / REQUESTS * 1e6


if __name__ == "__main__":
    main()
