"""What Prometheus reads at /metrics: the numbers with their names, their units and their labels."""

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.telemetry.metrics import Histogram, Labels, Metrics

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PATH = "/metrics"

_LIBRARY = "prometheus_client"
_STATES = {"closed": 0, "half-open": 1, "open": 2}

#: The states of the circuits, by the names of their upstreams.
Circuits = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Build:
    """What runs here."""

    release: str
    commit: str
    version: str


class Exposition:
    """The route. It is read by Prometheus every few seconds, by nobody else."""

    def __init__(self, metrics: Metrics, build: Build, circuits: Circuits) -> None:
        self._metrics = metrics
        self._build = build
        self._circuits = circuits

    def route(self) -> TemplatedRoute:
        """Return the route of the numbers."""
        return TemplatedRoute(PATH, self._answer)

    def collect(self) -> Iterator["Metric"]:
        """Yield every metric, as a registry of prometheus_client asks for them."""
        yield from self._of_requests()
        yield from self._of_models()
        yield from self._of_this_process()

    async def _answer(self, request: Request) -> Response:
        # In a thread: it takes 50 ms the first time.
        library = await asyncio.to_thread(importlib.import_module, _LIBRARY)
        registry = library.CollectorRegistry(auto_describe=False)
        registry.register(self)
        accepted = request.headers.get("accept", "")
        encode, content_type = library.exposition.choose_encoder(accepted)
        return Response(encode(registry), headers={"content-type": content_type})

    def _of_requests(self) -> Iterator["Metric"]:
        yield _counter(
            "llmops_requests",
            "Requests that were answered.",
            ("method", "endpoint", "status"),
            self._metrics.requests,
        )
        yield _histogram(
            "llmops_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "endpoint"),
            self._metrics.durations,
        )
        in_flight: dict[Labels, float] = {(): self._metrics.in_flight}
        yield _gauge("llmops_requests_in_flight", "Requests being answered now.", (), in_flight)

    def _of_models(self) -> Iterator["Metric"]:
        metrics = self._metrics
        tokens = ("type", "model", "tenant")
        yield _counter("llmops_llm_tokens", "Tokens that models reported.", tokens, metrics.tokens)
        cost = "US dollars that the tokens cost, of models that have a price."
        yield _counter("llmops_llm_cost", cost, ("model",), metrics.costs)
        yield _histogram(
            "llmops_llm_time_to_first_token_seconds",
            "Time from a request's head to the first piece of a streamed answer.",
            ("model",),
            metrics.first_tokens,
        )
        yield _histogram(
            "llmops_llm_request_duration_seconds",
            "Time from asking a model to the end of its answer, retries included.",
            ("model", "upstream"),
            metrics.calls,
        )
        retries = "Attempts after the first, by the upstream that was asked last."
        yield _counter("llmops_llm_retries", retries, ("upstream",), metrics.retries)

    def _of_this_process(self) -> Iterator["Metric"]:
        states: dict[Labels, float] = {
            (name,): _STATES[state] for name, state in self._circuits().items()
        }
        words = "Circuit breaker of an upstream: 0 closed, 1 half-open, 2 open."
        yield _gauge("llmops_circuit_state", words, ("upstream",), states)
        facts = (self._build.release, self._build.commit, self._build.version)
        build: dict[Labels, float] = {facts: 1}
        names = ("release", "commit", "version")
        yield _gauge("llmops_build_info", "What runs here; always 1.", names, build)


def _core() -> Any:
    return importlib.import_module(f"{_LIBRARY}.metrics_core")


def _counter(name: str, words: str, labels: Labels, values: Mapping[Labels, float]) -> "Metric":
    return _filled(_core().CounterMetricFamily(name, words, labels=labels), values)


def _gauge(name: str, words: str, labels: Labels, values: Mapping[Labels, float]) -> "Metric":
    return _filled(_core().GaugeMetricFamily(name, words, labels=labels), values)


def _filled(family: Any, values: Mapping[Labels, float]) -> "Metric":
    for labels, value in values.items():
        family.add_metric(labels, value)
    filled: Metric = family
    return filled


def _histogram(
    name: str, words: str, labels: Labels, histograms: Mapping[Labels, Histogram]
) -> "Metric":
    family: Metric = _core().HistogramMetricFamily(name, words, labels=labels)
    for values, histogram in histograms.items():
        family.add_metric(values, histogram.buckets(), histogram.total)  # type: ignore[attr-defined]
    return family
