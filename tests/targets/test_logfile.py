"""Logs: read from the end, followed across releases, kept small."""

from pathlib import Path

from llmops_cli.targets.local.logfile import ends, follow, keep_small, last_lines


def test_the_last_lines_of_a_long_file_are_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number}\n" for number in range(50_000)))
    assert last_lines(log, 3) == ["line 49997", "line 49998", "line 49999"]


def test_a_short_or_missing_file_gives_what_there_is(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert last_lines(log, 3) == []
    log.write_text("one\ntwo\n")
    assert last_lines(log, 5) == ["one", "two"]
    assert last_lines(log, 0) == []


def test_following_goes_on_with_the_next_release_and_repeats_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "1.log", tmp_path / "2.log"
    first.write_text("old\n")
    current = [first]
    lines = follow(lambda: current[0], ends(tmp_path))
    append(first, "new\nhalf a li")
    assert next(lines) == "new"
    current[0] = second
    append(second, "of the second\n")
    assert next(lines) == "of the second"
    current[0] = first
    append(first, "ne\n")
    assert next(lines) == "half a line"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_log_that_has_grown_is_cut_and_its_past_kept_beside_it(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("x" * 100)
    keep_small(log, limit=100)
    assert log.stat().st_size == 100
    keep_small(log, limit=99)
    assert log.stat().st_size == 0
    assert (tmp_path / "a.log.1").read_text() == "x" * 100
