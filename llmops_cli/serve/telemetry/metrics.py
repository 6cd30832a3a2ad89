"""Counts what was answered, for Prometheus.

The counting is our own because it happens at every request, on one thread, without a lock; the
library that knows the format is loaded when somebody reads the numbers for the first time.
"""

from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate

from starlette.types import Scope

from llmops_cli.serve.exchange import Exchange

#: What a path that no route has is called, and a method that HTTP does not define: one value each,
#: whatever callers send.
NO_ROUTE = "(no route)"
OTHER_METHOD = "OTHER"

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: Upper bounds in seconds: of a health check at the lower end, of a long answer at the upper.
REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
CALL_BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
FIRST_TOKEN_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)

Labels = tuple[str, ...]


class Histogram:
    """How many values there were up to each bound, and what they add up to."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return the bounds and how many values are not above them, as Prometheus wants them."""
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


class Metrics:
    """The numbers, each by the values of its labels in the order that `exposition` names them.

    Every label has a limited number of values: routes are templates, and models, upstreams and
    tenants are names from the settings.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.requests: defaultdict[Labels, int] = defaultdict(int)
        self.durations: dict[Labels, Histogram] = {}
        self.tokens: defaultdict[Labels, int] = defaultdict(int)
        self.costs: defaultdict[Labels, float] = defaultdict(float)
        self.first_tokens: dict[Labels, Histogram] = {}
        self.calls: dict[Labels, Histogram] = {}
        self.retries: defaultdict[Labels, int] = defaultdict(int)
        self._statuses: dict[int, str] = {}

    def began(self, exchange: Exchange, scope: Scope) -> None:
        """Count a request that begins."""
        self.in_flight += 1

    def over(self, exchange: Exchange) -> None:
        """Count a request that is over, once for each one that began."""
        self.in_flight -= 1
        method = exchange.method if exchange.method in KNOWN_METHODS else OTHER_METHOD
        status = self._statuses.get(exchange.status) or self._named(exchange.status)
        self.requests[method, exchange.route, status] += 1
        _observe(self.durations, (method, exchange.route), exchange.seconds, REQUEST_BOUNDS)
        if exchange.called_at is not None:
            self._called(exchange, exchange.called_at)

    def _named(self, status: int) -> str:
        return self._statuses.setdefault(status, str(status))

    def _called(self, exchange: Exchange, called_at: float) -> None:
        model, tenant = exchange.model, exchange.caller.tenant
        if exchange.prompt_tokens is not None:
            self.tokens["prompt", model, tenant] += exchange.prompt_tokens
        if exchange.completion_tokens is not None:
            self.tokens["completion", model, tenant] += exchange.completion_tokens
        if exchange.cost is not None:
            self.costs[model,] += exchange.cost
        if exchange.first_chunk_at is not None:
            seconds = exchange.first_chunk_at - exchange.started_at
            _observe(self.first_tokens, (model,), seconds, FIRST_TOKEN_BOUNDS)
        if exchange.ended_at is not None:
            seconds = exchange.ended_at - called_at
            _observe(self.calls, (model, exchange.upstream), seconds, CALL_BOUNDS)
        if exchange.attempts > 1:
            self.retries[exchange.upstream,] += exchange.attempts - 1


def _observe(
    histograms: dict[Labels, Histogram], labels: Labels, value: float, bounds: tuple[float, ...]
) -> None:
    histogram = histograms.get(labels)
    if histogram is None:
        histogram = histograms[labels] = Histogram(bounds)
    histogram.observe(value)
