"""Callers are counted minute by minute, in a table that does not grow without end."""

from llmops_cli.serve.limits.windows import WINDOW, Windows


def test_a_window_lasts_a_minute_and_counts_on() -> None:
    windows = Windows()
    windows.of("a").count += 1
    windows.of("a").count += 1
    assert (windows.count_of("a"), windows.count_of("b")) == (2, 0)
    assert 0 < windows.of("a").seconds_left <= WINDOW


def test_asking_for_a_count_begins_no_window() -> None:
    windows = Windows()
    assert windows.count_of("a") == 0
    assert len(windows) == 0


def test_after_its_end_a_window_begins_anew() -> None:
    windows = Windows()
    first = windows.of("a")
    first.count, first.ends_at = 60, 0.0
    assert windows.count_of("a") == 0
    assert windows.of("a").count == 0


def test_the_oldest_goes_when_there_are_too_many() -> None:
    windows = Windows(most=3)
    for name in "abcd":
        windows.of(name).count += 1
    assert [windows.count_of(name) for name in "abcd"] == [0, 1, 1, 1]
    assert len(windows) == 3


def test_what_is_over_makes_room_by_and_by() -> None:
    windows = Windows()
    for number in range(100):
        windows.of(number).ends_at = 0.0
    for number in range(100, 200):
        windows.of(number)
    assert len(windows) == 100
