"""Looks at a machine and a project, side by side and each look for a limited time."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from llmops_cli.config.secret_shapes import without_secrets
from llmops_cli.core.diagnosis import Diagnosis, Health, Probe, problem, warning
from llmops_cli.errors import LlmopsError

_Findings = Sequence[Diagnosis]


def examine(probes: Sequence[Probe]) -> list[Diagnosis]:
    """Return what the probes find, in their order; what two of them find is told once.

    A probe that does not come back in time is a warning, and is left alone.
    """
    started = time.monotonic()
    waiting = [(probe, _begin(probe)) for probe in probes]
    found: list[Diagnosis] = []
    for probe, answer in waiting:
        left = max(0.0, started + probe.seconds - time.monotonic())
        found += _findings(probe, answer, left)
    return [_shown(diagnosis) for diagnosis in dict.fromkeys(found)]


def problems(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Return the findings that make a command fail."""
    return [diagnosis for diagnosis in found if diagnosis.health is Health.PROBLEM]


def _begin(probe: Probe) -> "queue.SimpleQueue[_Findings | Exception]":
    answer: queue.SimpleQueue[_Findings | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put(probe.look())
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            answer.put(error)

    # A daemon: one that hangs must not keep the command from ending.
    threading.Thread(target=run, daemon=True).start()
    return answer


def _findings(
    probe: Probe, answer: "queue.SimpleQueue[_Findings | Exception]", seconds: float
) -> _Findings:
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        text = f"no answer within {probe.seconds:g} s"
        return [warning(probe.subject, text, "Try again, or look at what it asks by hand.")]
    if isinstance(found, LlmopsError):
        said = found.evidence.partition("\n")[0]
        text = found.message + (f" ({said})" if said else "")
        return [problem(probe.subject, text, found.next_step)]
    if isinstance(found, Exception):
        raise found
    return found


def _shown(diagnosis: Diagnosis) -> Diagnosis:
    """One line each, and nothing that has the shape of a secret."""
    text, fix = (
        without_secrets(" ".join(part.split())) for part in (diagnosis.text, diagnosis.fix)
    )
    return replace(diagnosis, text=text, fix=fix)
