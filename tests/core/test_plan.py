"""A plan runs its steps in order, tells of each, and stops at the first that fails."""

from dataclasses import FrozenInstanceError

import pytest

from llmops_cli.core.plan import (
    Event,
    Phase,
    Plan,
    Step,
    StepFailed,
    StepFinished,
    StepSaid,
    StepStarted,
    Tell,
    apply,
    long_step,
)


class Record(list[str]):
    """What was done and what was told, in one order."""

    def step(self, title: str, error: BaseException | None = None) -> Step:
        def do() -> None:
            self.append(f"do {title}")
            if error is not None:
                raise error

        return Step(Phase.STAGE, title, do)

    def observe(self, event: Event) -> None:
        self.append(f"{type(event).__name__} {event.step.title}")


def test_steps_run_in_order_and_each_is_told_before_and_after() -> None:
    record = Record()
    plan = Plan((record.step("one"),)) + Plan((record.step("two"),))
    apply(plan, record.observe)
    assert record == [
        *("StepStarted one", "do one", "StepFinished one"),
        *("StepStarted two", "do two", "StepFinished two"),
    ]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3)])
def test_the_first_step_that_raises_ends_the_plan_with_its_error(error: BaseException) -> None:
    record, events = Record(), list[Event]()
    steps = record.step("one"), record.step("two", error), record.step("three")
    with pytest.raises(type(error)) as raised:
        apply(Plan(steps), events.append)
    assert raised.value is error
    assert record == ["do one", "do two"]
    assert [type(event) for event in events] == [StepStarted, StepFinished, StepStarted, StepFailed]
    failed = events[-1]
    assert isinstance(failed, StepFailed)
    assert (failed.step.title, failed.error) == ("two", error)
    assert failed.seconds >= 0


def test_an_observer_that_raises_keeps_the_step_from_being_done() -> None:
    record = Record()

    def refuse(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(Plan((record.step("one"),)), refuse)
    assert record == []


def test_building_joining_and_counting_plans_does_nothing() -> None:
    record = Record()
    one, two = Plan((record.step("one"),)), Plan((record.step("two"),))
    joined = one + two + Plan()
    assert (len(Plan()), len(one), len(joined)) == (0, 1, 2)
    assert [step.title for step in joined] == ["one", "two"]
    assert record == []
    apply(Plan(), record.observe)
    assert record == []


def test_a_step_is_its_words_and_not_its_thunk() -> None:
    first, second = (Step(Phase.VERIFY, "Look", list, {"at": "it"}) for _ in range(2))
    assert first == second
    assert "list" not in repr(first)
    with pytest.raises(FrozenInstanceError):
        first.title = "Other"  # type: ignore[misc]


def test_a_long_step_tells_everybody_how_it_goes() -> None:
    def do(tell: Tell) -> None:
        tell("half of it")

    plan, events = long_step(Phase.STAGE, "Load a model", do), list[Event]()
    apply(plan, events.append)
    [step] = plan
    assert events[1] == StepSaid(step, "half of it", milestone=True)
    assert isinstance(events[2], StepFinished)
