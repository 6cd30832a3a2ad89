"""What the circuit breakers know of the upstreams, as a check and as a list."""

import math
from collections.abc import Mapping
from typing import Any

from llmops_cli.serve.models.table import Probe
from llmops_cli.serve.upstreams.breaker import Breaker

Circuits = Mapping[str, Breaker]


def probe(circuits: Circuits) -> Probe:
    """Return a probe that names the upstreams that fail, or that refuse our credential.

    A circuit that is half-open is no trouble: the next request may close it.
    """

    async def trouble() -> str:
        troubles = (_trouble(name, breaker) for name, breaker in circuits.items())
        return ", ".join(found for found in troubles if found)

    return trouble


def _trouble(name: str, breaker: Breaker) -> str:
    if breaker.state == "open":
        return f"{name}: open"
    return f"{name}: refuses our credential" if breaker.is_refusing_us else ""


def described(circuits: Circuits) -> list[dict[str, Any]]:
    """Return every circuit with its state; times are in seconds."""
    return [
        {
            "name": name,
            "state": breaker.state,
            "failure_count": breaker.failures,
            "failure_threshold": breaker.threshold,
            "recovery_timeout": breaker.seconds,
            "retry_after": math.ceil(breaker.wait),
            "refuses_credential": breaker.is_refusing_us,
        }
        for name, breaker in circuits.items()
    ]
