"""Everything that is told of requests to the outside, put together by the settings."""

from llmops_cli.serve.envelope import Beginner, Observer
from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.settings import Settings
from llmops_cli.serve.telemetry import logs
from llmops_cli.serve.telemetry.exposition import Build, Circuits, Exposition
from llmops_cli.serve.telemetry.metrics import Metrics
from llmops_cli.serve.telemetry.prices import Prices


class Telemetry:
    """Watches every exchange. ``began`` and ``over`` are for the envelope."""

    def __init__(self, settings: Settings) -> None:
        self._build = Build(settings.release, settings.commit, settings.version)
        self._metrics = Metrics() if settings.telemetry.metrics != "off" else None
        self.prices = Prices(settings.telemetry.prices)

    @property
    def began(self) -> tuple[Beginner, ...]:
        """What is told of an exchange when it begins."""
        return (self._metrics.began,) if self._metrics else ()

    @property
    def over(self) -> tuple[Observer, ...]:
        """What is told of an exchange when it is over: first what adds to it, then what tells."""
        metrics = (self._metrics.over,) if self._metrics else ()
        return (self.prices.note, logs.completed, *metrics)

    def routes(self, circuits: Circuits) -> list[TemplatedRoute]:
        """Return the route of the metrics, unless they are off."""
        if self._metrics is None:
            return []
        return [Exposition(self._metrics, self._build, circuits).route()]
