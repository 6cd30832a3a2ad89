"""A diagnosis: one thing about a machine or a project, whether it is well, and what mends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from llmops_cli.errors import LlmopsError


class Health(StrEnum):
    """How a thing is. A warning stops nothing; a problem makes some command fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Diagnosis:
    """What was found of a subject, in one line, and the command or edit that mends it."""

    subject: str
    health: Health
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Probe:
    """A look at one thing, which changes nothing. ``look`` may raise an LlmopsError.

    After ``seconds`` nobody waits for it any longer.
    """

    subject: str
    look: Callable[[], Sequence[Diagnosis]] = field(repr=False, compare=False)
    seconds: float = 15.0


def failing(subject: str, error: LlmopsError) -> Probe:
    """Return a look that ends in an error which is known already."""

    def look() -> Sequence[Diagnosis]:
        raise error

    return Probe(subject, look)


def ok(subject: str, text: str) -> Diagnosis:
    """Find that all is well."""
    return Diagnosis(subject, Health.OK, text)


def warning(subject: str, text: str, fix: str) -> Diagnosis:
    """Find what works, but not well."""
    return Diagnosis(subject, Health.WARNING, text, fix)


def problem(subject: str, text: str, fix: str) -> Diagnosis:
    """Find what will make a command fail."""
    return Diagnosis(subject, Health.PROBLEM, text, fix)
