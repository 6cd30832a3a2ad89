"""Asks what the API depends on whether it works: not too often, and once for all who want to know.

No probe may cost money: a model is never asked. What is known of an upstream comes from the
requests that it was sent.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.models.table import Probe

#: Seconds that one probe may take before it counts as failed.
PROBE_SECONDS = 2.0
#: Seconds for which a result is told again. A good one may be up to 30 s old; ten are enough to
#: spare the dependency and few enough to notice its end. A bad one is asked for again soon, because
#: a deploy waits for the good one.
HEALTHY_SECONDS = 10.0
UNHEALTHY_SECONDS = 1.0

_HEALTH = "/health"

_log = logging.getLogger("llmops.serve")


@dataclass(frozen=True)
class Result:
    """What a probe found. ``trouble`` is empty when all is well."""

    trouble: str
    latency_ms: float
    checked_at: str


class Check:
    """One probe, and what it found last."""

    def __init__(
        self, name: str, probe: Probe, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._probe = probe
        self._clock = clock
        self._last: Result | None = None
        self._holds_until = 0.0
        self._asking: asyncio.Task[Result] | None = None

    async def result(self, *, is_fresh: bool = False) -> Result:
        """Return what is known, or ask; ``is_fresh`` asks in any case.

        Whoever comes while the probe is being asked waits for the same answer.
        """
        if self._last and not is_fresh and self._clock() < self._holds_until:
            return self._last
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(self._asked)
        # A client that leaves does not take the answer from the others.
        return await asyncio.shield(self._asking)

    def doubt(self) -> None:
        """Ask again when somebody wants to know: a result that was good may not be so any more."""
        if self._last and not self._last.trouble:
            self._holds_until = 0.0

    def _asked(self, asking: object) -> None:
        self._asking = None

    async def _ask(self) -> Result:
        started = time.perf_counter()
        try:
            trouble = await asyncio.wait_for(self._probe(), PROBE_SECONDS)
        except TimeoutError:
            trouble = f"no answer within {PROBE_SECONDS:g} s"
        latency = round((time.perf_counter() - started) * 1000, 2)
        self._tell(trouble)
        self._last = Result(trouble, latency, timestamp())
        seconds = UNHEALTHY_SECONDS if trouble else HEALTHY_SECONDS
        self._holds_until = self._clock() + seconds
        return self._last

    def _tell(self, trouble: str) -> None:
        before = self._last.trouble if self._last else ""
        if trouble and trouble != before:
            _log.warning("Not ready: %s: %s", self._name, trouble)
        elif before and not trouble:
            _log.warning("Ready again: %s", self._name)


class Checks:
    """Checks by name. The probes may come later, when what they ask has been started."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = probes
        self._checks: dict[str, Check] = {}

    def over(self, exchange: Exchange) -> None:
        """Doubt what is known when a request fails by something else than a model or a check."""
        is_ours = exchange.status >= 500 and not exchange.failure
        if is_ours and not exchange.route.startswith(_HEALTH):
            for check in self._checks.values():
                check.doubt()

    async def results(self, *, is_fresh: bool = False) -> dict[str, Result]:
        """Ask all of them at once."""
        for name, probe in self._probes.items():
            self._checks.setdefault(name, Check(name, probe))
        asked = (check.result(is_fresh=is_fresh) for check in self._checks.values())
        return dict(zip(self._checks, await asyncio.gather(*asked), strict=True))
