"""The ledger and the history on a shelf, also where somebody else writes them meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from llmops_cli.core.target import Event
from llmops_cli.errors import DeployError, PreflightError
from llmops_cli.targets.shelved.book import Book, Entry
from llmops_cli.targets.shelved.history import MOST_EVENTS
from tests.targets.shelved.conftest import PREFIX, QUICK, holder
from tests.targets.shelved.memory import MemoryShelf

LEDGER = f"{PREFIX}ledger.json"
AT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def ours(book: Book) -> Iterator[Book]:
    with book.lock(holder(), lambda pending: None):
        yield book


def entry(release: str, *names: str) -> Entry:
    return Entry(release, f"arn:{release}", AT, names)


def event(number: int) -> Event:
    return Event(AT, "deploy", f"r{number}", "ada", {"number": str(number)})


def test_a_settled_release_is_live_and_nothing_is_pending(ours: Book, shelf: MemoryShelf) -> None:
    ours.note({"operation": "7"})
    assert ours.settle(entry("r1", "stable"), 3) == []
    found = Book(shelf, PREFIX, QUICK).ledger()
    assert (found.live, found.previous, found.pending) == ("r1", "", {})
    assert found.entry("r1") == entry("r1", "stable")


def test_what_is_not_kept_is_told_once(ours: Book) -> None:
    for release in ("r1", "r2", "r3"):
        ours.settle(entry(release, *(["first"] if release == "r1" else [])), 1)
    assert ours.settle(entry("r4"), 1) == []
    assert ours.settle(entry("r5"), 1) == [entry("r2")]
    assert [one.release for one in ours.ledger().entries] == ["r5", "r4", "r3", "r1"]
    assert ours.settle(entry("r6"), 1) == [entry("r3")]


def test_rolling_back_keeps_the_release_that_was_left(ours: Book) -> None:
    for release in ("r1", "r2"):
        ours.settle(entry(release), 0)
    assert ours.settle(entry("r1"), 0) == []
    assert (ours.ledger().live, ours.ledger().previous) == ("r1", "r2")
    assert ours.settle(entry("r1"), 0) == []
    assert ours.ledger().previous == "r2"


def test_a_name_is_of_one_release(ours: Book) -> None:
    ours.settle(entry("r1", "stable", "old"), 3)
    ours.settle(entry("r2", "stable"), 3)
    assert ours.ledger().entries == (entry("r2", "stable"), entry("r1", "old"))
    ours.name("r1", ["stable"])
    assert ours.ledger().entries == (entry("r2"), entry("r1", "old", "stable"))
    assert ours.unname("stable")
    assert not ours.unname("stable")


def test_a_change_that_another_made_meanwhile_is_kept(ours: Book, shelf: MemoryShelf) -> None:
    ours.settle(entry("r1"), 3)
    other = Book(shelf, PREFIX, QUICK)

    def meddle(key: str) -> None:
        if key == LEDGER:
            shelf.meddling = lambda key: None
            other.name("r1", ["theirs"])

    shelf.meddling = meddle
    ours.settle(entry("r2"), 3)
    assert ours.ledger().entry("r1") == entry("r1", "theirs")


def test_what_was_written_without_an_answer_is_not_written_again(
    ours: Book, shelf: MemoryShelf
) -> None:
    for release in ("r1", "r2"):
        ours.settle(entry(release), 0)
    writes: list[str] = []

    def lose(key: str) -> None:
        writes.append(key)
        shelf.loses_answers = int(key == LEDGER)

    shelf.meddling = lose
    assert ours.settle(entry("r3"), 0) == [entry("r1")]
    assert writes.count(LEDGER) == 1
    assert ours.ledger().live == "r3"


def test_who_is_never_let_write_says_so(ours: Book, shelf: MemoryShelf) -> None:
    def meddle(key: str) -> None:
        shelf.put(key, f"{shelf.texts[key].text} " if key in shelf.texts else " ")

    ours.settle(entry("r1"), 3)
    shelf.meddling = meddle
    with pytest.raises(DeployError, match="could not be written"):
        ours.name("r1", ["stable"])


def test_a_spoilt_ledger_is_not_taken_for_an_empty_one(book: Book, shelf: MemoryShelf) -> None:
    shelf.put(LEDGER, '{"live": "r1"')
    with pytest.raises(PreflightError, match=LEDGER):
        book.ledger()
    assert shelf.texts[LEDGER].text == '{"live": "r1"'


def test_the_ledger_is_read_once(book: Book, shelf: MemoryShelf) -> None:
    assert book.ledger() == book.ledger()
    assert shelf.reads == 1


def test_the_history_is_told_from_the_newest_event_on(book: Book, shelf: MemoryShelf) -> None:
    assert list(book.history(5)) == []
    for number in range(3):
        book.record(event(number))
    shelf.put(f"{PREFIX}history.jsonl", shelf.texts[f"{PREFIX}history.jsonl"].text + "spoilt\n")
    assert list(book.history(2)) == [event(2), event(1)]


def test_the_history_keeps_the_newest_thousand_events(book: Book, shelf: MemoryShelf) -> None:
    list(map(book.record, map(event, range(3))))
    key = f"{PREFIX}history.jsonl"
    line = shelf.texts[key].text.splitlines(keepends=True)[0]
    shelf.put(key, line * MOST_EVENTS)
    list(map(partial(book.record), [event(7)]))
    found = list(book.history(MOST_EVENTS + 1))
    assert len(found) == MOST_EVENTS
    assert found[0] == event(7)
