"""How hard an upstream is tried: budgets, retries and the circuit breaker, as they are set."""

from dataclasses import dataclass

from llmops_cli.serve.environment import Environment


@dataclass(frozen=True)
class Resilience:
    """Times are in seconds.

    A whole answer, with all its attempts at all upstreams, must arrive within ``budget``; of a
    streamed answer that limits the time to the first byte and every silence after it. ``retries``
    come after waits of ``retry_wait``, twice that, and so on. ``circuit_failures`` failed requests
    in a row leave an upstream alone for ``circuit_wait``. A stream that is silent for
    ``heartbeat`` gets a comment, so that no proxy takes it for dead.
    """

    budget: float = 30.0
    connect: float = 5.0
    retries: int = 3
    retry_wait: float = 1.0
    circuit_failures: int = 5
    circuit_wait: float = 30.0
    heartbeat: float = 15.0


def read(environment: Environment) -> Resilience:
    """Return the settings, and leave what is wrong with them in ``environment.problems``."""
    return Resilience(
        budget=environment.seconds("LLMOPS_REQUEST_SECONDS", 30.0, highest=3600),
        connect=environment.seconds("LLMOPS_CONNECT_SECONDS", 5.0, highest=60),
        retries=environment.integer("LLMOPS_RETRIES", 3, lowest=0, highest=10),
        retry_wait=environment.seconds("LLMOPS_RETRY_SECONDS", 1.0, highest=60),
        circuit_failures=environment.integer("LLMOPS_CIRCUIT_FAILURES", 5, lowest=1, highest=1000),
        circuit_wait=environment.seconds("LLMOPS_CIRCUIT_SECONDS", 30.0, highest=3600),
        heartbeat=environment.seconds("LLMOPS_HEARTBEAT_SECONDS", 15.0, highest=3600),
    )
