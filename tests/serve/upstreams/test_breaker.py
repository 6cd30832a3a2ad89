"""The states of a circuit, on a clock that the test turns."""

from llmops_cli.serve.upstreams.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker("x", threshold=2, seconds=30, clock=clock)
    for _ in range(2):
        assert breaker.admits()
        breaker.failed()
    assert (breaker.state, breaker.admits()) == ("open", False)
    return breaker


def test_one_request_may_try_when_the_time_is_over() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    assert breaker.state == "half-open"
    breaker.succeeded()
    assert (breaker.state, breaker.admits()) == ("closed", True)


def test_a_trial_that_is_abandoned_makes_room_for_the_next_at_once() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.admits()
    breaker.abandoned()
    assert breaker.admits()


def test_a_trial_that_never_reports_blocks_nobody_for_ever() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.admits()
    clock.now += 30
    assert breaker.admits()


def test_late_failures_do_not_keep_it_open_longer() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 29
    breaker.failed()
    clock.now += 1
    assert breaker.admits()


def test_what_is_abandoned_while_closed_changes_nothing() -> None:
    breaker = Breaker("x", threshold=1, seconds=30)
    assert breaker.admits()
    breaker.abandoned()
    assert (breaker.state, breaker.wait) == ("closed", 0)
