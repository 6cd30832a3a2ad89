"""Release folders: written whole, found by the beginning of an id, retired by the rule."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llmops_cli.core.release import Release
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.store import FAILED_LOGS_KEPT, Store, read_json, write_json

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    layout = Layout(tmp_path / "state")
    layout.prepare()
    return Store(layout)


def release(name: str) -> Release:
    return Release(
        id=name,
        commit=name.ljust(40, "0"),
        tree="t" * 40,
        committed_at=NOW,
        subject=f"Subject of {name}",
        settings={"HOST": "127.0.0.1", "PORT": "8000", "LLMOPS_DRAIN_SECONDS": "1"},
        secret_versions={"LLMOPS_API_KEY": "1"},
    )


def deployed(store: Store, name: str, age: int) -> None:
    store.write(release(name), lambda folder: None)
    store.set_live(name, NOW)
    moment = (NOW - timedelta(hours=age)).timestamp()
    os.utime(store.folder(name), (moment, moment))


def test_a_release_reads_back_as_it_was_written(store: Store) -> None:
    store.write(release("aaa"), lambda folder: (folder / "prompt.md").touch())
    found = store.read("aaa")
    assert found == release("aaa")
    assert found is not None
    assert found.settings == release("aaa").settings
    assert found.secret_versions == {"LLMOPS_API_KEY": "1"}
    assert (store.folder("aaa") / "source" / "prompt.md").exists()


def test_a_failed_write_leaves_nothing_behind(store: Store) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.write(release("aaa"), fail)
    assert list(store.layout.releases.iterdir()) == []


def test_a_written_release_is_never_written_again(store: Store) -> None:
    store.write(release("aaa"), lambda folder: (folder / "one").touch())
    store.write(release("aaa"), lambda folder: (folder / "two").touch())
    assert os.listdir(store.folder("aaa") / "source") == ["one"]


def test_only_releases_that_have_been_live_are_found(store: Store) -> None:
    store.write(release("abc1"), lambda folder: None)
    assert store.find("abc") == []
    store.set_live("abc1", NOW)
    assert [found.id for found in store.find("abc")] == ["abc1"]


def test_an_exact_id_is_not_ambiguous_with_its_revisions(store: Store) -> None:
    deployed(store, "abc", 1)
    deployed(store, "abc.2", 2)
    assert [found.id for found in store.find("abc")] == ["abc"]
    assert [found.id for found in store.find("ab")] == ["abc", "abc.2"]


def test_a_release_is_found_by_its_name(store: Store) -> None:
    deployed(store, "abc", 1)
    store.name("abc", ["stable"])
    assert [found.id for found in store.find("stable")] == ["abc"]
    assert store.unname("stable")
    assert store.find("stable") == []
    assert not store.unname("stable")


def test_retiring_keeps_the_live_the_previous_the_named_the_running_and_the_newest(
    store: Store,
) -> None:
    for age, name in enumerate("hgfedcba", 1):
        deployed(store, name * 4, age=20 - age)
    store.name("hhhh", ["stable"])
    write_json(store.folder("aaaa") / "deployed.json", {"at": NOW.isoformat(), "previous": "eeee"})
    moment = (NOW - timedelta(hours=12)).timestamp()
    os.utime(store.folder("aaaa"), (moment, moment))
    doomed = store.retire(keep=2, running=["gggg"])
    assert sorted(doomed) == ["dddd", "ffff"]
    assert sorted(store.ids()) == ["aaaa", "bbbb", "cccc", "eeee", "gggg", "hhhh"]


def test_retiring_removes_what_was_never_live_and_what_a_crash_left(store: Store) -> None:
    deployed(store, "aaaa", 1)
    store.write(release("never"), lambda folder: None)
    (store.layout.releases / ".bbbb-123").mkdir()
    store.retire(keep=5)
    assert os.listdir(store.layout.releases) == ["aaaa"]


def test_only_the_newest_logs_of_failed_releases_stay(store: Store) -> None:
    deployed(store, "aaaa", 1)
    store.layout.log("aaaa").touch()
    for number in range(FAILED_LOGS_KEPT + 3):
        log = store.layout.log(f"failed-{number:02}")
        log.touch()
        os.utime(log, (number, number))
    store.retire(keep=5)
    left = sorted(path.name for path in store.layout.logs.iterdir())
    assert left[0] == "aaaa.log"
    assert left[1:] == [f"failed-{number:02}.log" for number in range(3, FAILED_LOGS_KEPT + 3)]


def test_going_back_leads_to_what_was_live_at_the_first_deploy(store: Store) -> None:
    for name in ("aaaa", "bbbb", "cccc"):
        deployed(store, name, 1)
    store.set_live("bbbb", NOW)
    assert store.previous_of("cccc") == "bbbb"
    assert store.previous_of("bbbb") == "aaaa"
    assert store.previous_of("aaaa") is None


def test_a_previous_release_that_was_retired_is_none(store: Store) -> None:
    deployed(store, "aaaa", 1)
    deployed(store, "bbbb", 1)
    store.remove("aaaa")
    assert store.previous_of("bbbb") is None


def test_half_written_files_count_as_missing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"half": ')
    assert read_json(tmp_path / "x.json") is None
    store.layout.live.write_text("")
    assert store.live() is None


def test_the_newest_releases_come_first_and_no_more_than_asked(store: Store) -> None:
    for age, name in enumerate(("new", "old", "older"), 1):
        deployed(store, name, age)
    assert [kept.release.id for kept in store.newest(2)] == ["new", "old"]
