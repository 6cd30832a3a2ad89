"""Everything that is told of requests to the outside, put together by the settings."""

from typing import TYPE_CHECKING

from llmops_cli.serve.envelope import Beginner, Observer
from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.settings import Settings
from llmops_cli.serve.telemetry import logs
from llmops_cli.serve.telemetry.exposition import Build, Circuits, Exposition
from llmops_cli.serve.telemetry.metrics import Metrics
from llmops_cli.serve.telemetry.prices import Prices

if TYPE_CHECKING:
    from llmops_cli.serve.telemetry.tracing import Tracing


class Telemetry:
    """Watches every exchange. ``began`` and ``over`` are for the envelope."""

    def __init__(self, settings: Settings) -> None:
        self._build = Build(settings.release, settings.commit, settings.version)
        self._metrics = Metrics() if settings.telemetry.metrics != "off" else None
        self._tracing = _tracing(settings)
        self.prices = Prices(settings.telemetry.prices)

    @property
    def began(self) -> tuple[Beginner, ...]:
        """What is told of an exchange when it begins."""
        return tuple(part.began for part in (self._tracing, self._metrics) if part)

    @property
    def over(self) -> tuple[Observer, ...]:
        """What is told of an exchange when it is over: first what adds to it, then what tells."""
        parts = tuple(part.over for part in (self._metrics, self._tracing) if part)
        return (self.prices.note, logs.completed, *parts)

    def close(self) -> None:
        """Send what is still to be told, within a few seconds, when no request is left."""
        if self._tracing is not None:
            self._tracing.close()

    def routes(self, circuits: Circuits) -> list[TemplatedRoute]:
        """Return the route of the metrics, unless they are off."""
        if self._metrics is None:
            return []
        return [Exposition(self._metrics, self._build, circuits).route()]


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.telemetry.traces == "none":
        return None
    # Not at the top: it takes a fifth of a second, and most servers do without.
    from llmops_cli.serve.telemetry.tracing import Tracing

    return Tracing(settings)
