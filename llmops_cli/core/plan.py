"""A plan is data: steps that change the world, each with a title, parameters and a thunk."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """The part of a deploy that a step belongs to; it decides what a failure undoes.

    In ``BUILD`` nothing is touched; up to ``VERIFY`` a failure costs the candidate only; up to
    ``SETTLE`` the traffic is given back; a failure in ``TIDY`` is a warning, for the new release
    is live by then.
    """

    BUILD = "build"
    STAGE = "stage"
    VERIFY = "verify"
    PROMOTE = "promote"
    CONFIRM = "confirm"
    SETTLE = "settle"
    TIDY = "tidy"
    UNDO = "undo"
    OPERATE = "operate"


#: Takes one line of how a step goes.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One change of the world, in words that an operator understands.

    One that may take minutes has ``do_telling`` in the place of ``do``, and tells how it goes.
    """

    phase: Phase
    title: str
    do: Callable[[], object] = field(repr=False, compare=False)
    details: Mapping[str, str] = field(default_factory=dict)
    do_telling: Callable[[Tell], object] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Plan:
    """Steps in order. Building one performs nothing that changes anything."""

    steps: tuple[Step, ...] = ()

    def __add__(self, other: "Plan") -> "Plan":
        return Plan(self.steps + other.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


def one_step(
    phase: Phase, title: str, do: Callable[[], object], details: Mapping[str, str] | None = None
) -> Plan:
    """Return a plan of one step."""
    return Plan((Step(phase, title, do, details or {}),))


def long_step(
    phase: Phase,
    title: str,
    do: Callable[[Tell], object],
    details: Mapping[str, str] | None = None,
) -> Plan:
    """Return a plan of one step that tells how it goes."""
    return Plan((Step(phase, title, lambda: do(_nobody), details or {}, do),))


def _nobody(line: str) -> None:
    """Take a line that nobody listens to."""


@dataclass(frozen=True)
class StepStarted:
    """A step is about to run."""

    step: Step


@dataclass(frozen=True)
class StepSaid:
    """A step that takes long tells how it goes, in one line.

    One that is a ``milestone`` shows that it goes on: it is for everybody, and comes seldom.
    """

    step: Step
    line: str
    milestone: bool = False


@dataclass(frozen=True)
class StepFinished:
    """A step ended well, after ``seconds``."""

    step: Step
    seconds: float


@dataclass(frozen=True)
class StepFailed:
    """A step raised ``error`` after ``seconds``; no later step of the plan runs."""

    step: Step
    seconds: float
    error: BaseException


Event = StepStarted | StepSaid | StepFinished | StepFailed
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Observe nothing."""


def apply(plan: Plan, observe: Observer = ignore) -> None:
    """Run the steps in order; the first that raises ends the plan, and its error is raised."""
    for step in plan:
        observe(StepStarted(step))
        started = time.monotonic()
        try:
            _do(step, observe)
        except BaseException as error:
            observe(StepFailed(step, time.monotonic() - started, error))
            raise
        observe(StepFinished(step, time.monotonic() - started))


def _do(step: Step, observe: Observer) -> None:
    if step.do_telling is None:
        step.do()
    else:
        step.do_telling(lambda line: observe(StepSaid(step, line, milestone=True)))
