"""Is it alive, is it ready, and how fast does it say so: questions that call no model."""

import statistics

from llmops_cli.checks.api import Api
from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.evidence import duration
from llmops_cli.checks.probe import ask_ready
from llmops_cli.core.check import Finding, failed, passed

#: Requests that the latency summary is made of.
LATENCY_SAMPLES = 10


def liveness(api: Api) -> Finding:
    """Find whether the process answers at all."""
    answer = api.liveness
    if isinstance(answer, NoAnswerError):
        return failed(answer.message)
    return passed(answer.said) if answer.status == 200 else failed(answer.said)


def readiness(api: Api) -> Finding:
    """Find whether it wants traffic now."""
    return ask_ready(api.client)


def latency(api: Api) -> Finding:
    """Summarise how long the liveness probe takes; only an answer that stays out fails."""
    answer = api.liveness
    if isinstance(answer, NoAnswerError):
        return failed(answer.message)
    path = answer.question.path
    seconds = sorted(api.get(path, anonymous=True).seconds for _ in range(LATENCY_SAMPLES))
    middle, slow, slowest = statistics.median(seconds), _percentile(seconds, 95), seconds[-1]
    return passed(
        f"GET {path} {LATENCY_SAMPLES} times: median {duration(middle)}, "
        f"p95 {duration(slow)}, slowest {duration(slowest)}"
    )


def _percentile(ascending: list[float], percent: int) -> float:
    # Nearest rank: the smallest value that at least `percent` of the values do not exceed.
    return ascending[-(-len(ascending) * percent // 100) - 1]
