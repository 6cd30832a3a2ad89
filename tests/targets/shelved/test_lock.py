"""The lock on a shelf: one holder, renewed while it lives, taken over when it is gone."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from llmops_cli.clouds.shelf import Kept
from llmops_cli.errors import LockedError
from llmops_cli.targets.liveness import machine
from llmops_cli.targets.shelved.book import Book
from llmops_cli.targets.shelved.lease import Lease, lease_of, new_lease
from tests.targets.shelved.conftest import PREFIX, QUICK, holder
from tests.targets.shelved.memory import MemoryShelf
from tests.waiting import eventually

KEY = f"{PREFIX}lock.json"


def nothing(pending: Mapping[str, str]) -> None:
    raise AssertionError(f"nothing was pending: {pending}")


def held_elsewhere(shelf: MemoryShelf, until: timedelta, **different: object) -> Lease:
    """Put the lease of another machine's process there, which ends ``until`` from now."""
    lease = replace(new_lease(holder(), 0), until=datetime.now(UTC) + until, machine="other")
    lease = replace(lease, **different)  # type: ignore[arg-type]
    shelf.put(KEY, lease.text())
    return lease


def test_the_second_one_is_told_who_holds_the_lock_since_when_and_doing_what(
    book: Book, shelf: MemoryShelf
) -> None:
    with book.lock(holder(process=42), nothing):
        with pytest.raises(LockedError) as refused:
            with Book(shelf, PREFIX, QUICK).lock(holder(), nothing):
                pytest.fail("two hold it")
        assert "ada runs `llmops deploy` (process 42 on elsewhere)" in refused.value.evidence
        book.require_lock()
    assert KEY not in shelf.texts


def test_a_lease_goes_on_while_its_holder_lives(book: Book, shelf: MemoryShelf) -> None:
    with book.lock(holder(), nothing):
        first = lease_of(shelf.texts[KEY].text)
        assert first is not None
        eventually(lambda: datetime.now(UTC) > first.until)
        with pytest.raises(LockedError):
            with Book(shelf, PREFIX, QUICK).lock(holder(), nothing):
                pytest.fail("two hold it")
        book.require_lock()


def test_a_lease_whose_holder_has_gone_silent_is_taken_over(book: Book, shelf: MemoryShelf) -> None:
    held_elsewhere(shelf, timedelta(seconds=-1))
    with book.lock(holder(), nothing):
        book.require_lock()
    assert KEY not in shelf.texts


def test_a_lease_that_is_over_by_our_fast_clock_only_stays(book: Book, shelf: MemoryShelf) -> None:
    lease = held_elsewhere(shelf, timedelta(seconds=-30))

    class Renewed(MemoryShelf):
        """Its holder, whose clock is right, renews the lease."""

        def read(self, key: str) -> Kept | None:
            if self.reads > 1:
                self.put(key, replace(lease, until=lease.until + timedelta(seconds=1)).text())
            return super().read(key)

    with pytest.raises(LockedError):
        with Book(Renewed(shelf.texts), PREFIX, QUICK).lock(holder(), nothing):
            pytest.fail("two hold it")


def test_a_killed_process_of_this_machine_holds_nothing(book: Book, shelf: MemoryShelf) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = {"holder": holder(process=gone.pid), "machine": machine()}
    held_elsewhere(shelf, timedelta(seconds=60), **here)
    with book.lock(holder(), nothing):
        book.require_lock()


def test_who_lost_the_lock_notices_before_the_next_change(book: Book, shelf: MemoryShelf) -> None:
    with book.lock(holder(), nothing):
        taken = held_elsewhere(shelf, timedelta(seconds=60))
        with pytest.raises(LockedError, match="was lost"):
            book.note({"deploying": "r2"})
        with pytest.raises(LockedError):
            book.require_lock()
    assert shelf.texts[KEY].text == taken.text()
    assert f"{PREFIX}ledger.json" not in shelf.texts


def test_without_a_lock_nothing_is_noted(book: Book, shelf: MemoryShelf) -> None:
    with pytest.raises(LockedError):
        book.note({"deploying": "r2"})
    assert shelf.texts == {}


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_work_gives_the_lock_back(
    book: Book, shelf: MemoryShelf, end: type[BaseException]
) -> None:
    with pytest.raises(end):
        with book.lock(holder(), nothing):
            raise end
    assert KEY not in shelf.texts


def test_ctrl_c_while_the_lock_is_taken_leaves_nothing_locked(
    book: Book, shelf: MemoryShelf
) -> None:
    class CutOff(MemoryShelf):
        """Writes, and is cut off before it can say so."""

        def write(self, key: str, text: str, expected: str | None) -> str:
            super().write(key, text, expected)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with Book(CutOff(shelf.texts), PREFIX, QUICK).lock(holder(), nothing):
            pytest.fail("it was cut off")
    assert shelf.texts == {}


def test_an_answer_that_is_lost_loses_no_lock(book: Book, shelf: MemoryShelf) -> None:
    shelf.loses_answers = 1
    with book.lock(holder(), nothing):
        shelf.loses_answers = 1
        book.require_lock()
    assert KEY not in shelf.texts


def test_what_a_killed_holder_left_is_put_in_order_first(book: Book, shelf: MemoryShelf) -> None:
    with book.lock(holder(), nothing):
        book.note({"operation": "deploy-7"})
    found: list[Mapping[str, str]] = []
    successor = Book(shelf, PREFIX, QUICK)
    with successor.lock(holder(), found.append):
        assert found == [{"operation": "deploy-7"}]
        assert successor.ledger().pending == {}


def test_what_could_not_be_put_in_order_stays_pending(book: Book, shelf: MemoryShelf) -> None:
    with book.lock(holder(), nothing):
        book.note({"operation": "deploy-7"})

    def fail(pending: Mapping[str, str]) -> None:
        raise ValueError(pending)

    with pytest.raises(ValueError):
        with book.lock(holder(), fail):
            pytest.fail("it is not in order")
    assert book.ledger().pending == {"operation": "deploy-7"}
    assert KEY not in shelf.texts
