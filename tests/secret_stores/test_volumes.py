"""Secrets in volumes of a real engine: versions, interrupted writes, nothing left behind."""

import secrets
import subprocess
from collections.abc import Iterator

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import WRITING, Mounted, make_container
from llmops_cli.errors import UsageError
from llmops_cli.secret_stores.volumes import VolumeStore
from tests.engines import needs_engine

pytestmark = needs_engine
VALUE = "a value with spaces, ünïcode, $dollars and\na second line"


@pytest.fixture
def store() -> Iterator[VolumeStore]:
    made = VolumeStore(Engine(), f"llmops-test-{secrets.token_hex(4)}")
    yield made
    for words in (("ps", "--all"), ("volume", "ls")):
        found = docker(*words, "--quiet", "--filter", f"label=llmops.stack={made.stack}").split()
        if found:
            docker(*(("rm", "--force") if words[0] == "ps" else ("volume", "rm")), *found)


def test_every_value_is_a_version_that_stays_readable(store: VolumeStore) -> None:
    assert (store.names(), store.current_version("A_KEY"), store.read("A_KEY")) == ((), None, None)
    assert [store.write("A_KEY", Secret(VALUE)), store.write("A_KEY", Secret("new"))] == ["1", "2"]
    store.write("OTHER_1", Secret("o"))
    fresh = VolumeStore(store.engine, store.stack)
    assert fresh.names() == ("A_KEY", "OTHER_1")
    assert fresh.current_version("A_KEY") == "2"
    assert fresh.read("A_KEY") == Secret("new")
    assert fresh.read("A_KEY", "1") == Secret(VALUE)
    assert fresh.read("A_KEY", "3") is None
    fresh.remove("A_KEY")
    assert VolumeStore(store.engine, store.stack).names() == ("OTHER_1",)


def test_a_proposed_version_counts_when_it_is_accepted_and_never_when_it_is_withdrawn(
    store: VolumeStore,
) -> None:
    store.write("A_KEY", Secret("first"))
    assert store.propose("A_KEY", Secret("second")) == "2"
    fresh = VolumeStore(store.engine, store.stack)
    assert (fresh.current_version("A_KEY"), fresh.read("A_KEY")) == ("1", Secret("first"))
    assert fresh.read("A_KEY", "2") == Secret("second")
    fresh.accept("A_KEY", "2")
    assert store.current_version("A_KEY") == "2"
    assert store.propose("A_KEY", Secret("third")) == "3"
    store.withdraw("A_KEY", "3")
    assert store.read("A_KEY", "3") is None
    assert store.write("A_KEY", Secret("fourth")) == "3"
    assert store.read("A_KEY") == Secret("fourth")
    # Somebody was killed between the mark of a proposal and its value.
    docker(
        *("volume", "create", "--label", f"llmops.stack={store.stack}"),
        f"{store.stack}_proposed_A_KEY_4",
    )
    assert store.write("A_KEY", Secret("fifth")) == "5"
    assert store.read("A_KEY") == Secret("fifth")


def test_no_container_is_left_and_none_was_started(store: VolumeStore) -> None:
    store.write("A_KEY", Secret("value"))
    assert store.read("A_KEY") == Secret("value")
    assert docker("ps", "--all", "--quiet", "--filter", f"label=llmops.stack={store.stack}") == ""


def test_a_value_whose_writing_was_cut_short_does_not_count(store: VolumeStore) -> None:
    store.write("A_KEY", Secret("whole"))
    volume = store.volume("A_KEY", "2")
    labels = {"llmops.stack": store.stack, "llmops.secret": "A_KEY", "llmops.version": "2"}
    mount = Mounted(volume, "/volume", labels)
    make_container(store.engine, {**labels, WRITING: volume}, (mount,), name=f"{volume}.writing")
    assert store.current_version("A_KEY") == "1"
    assert store.read("A_KEY") == Secret("whole")
    assert store.write("A_KEY", Secret("next")) == "3"
    assert store.read("A_KEY") == Secret("next")


def test_stores_of_two_stacks_know_nothing_of_each_other(store: VolumeStore) -> None:
    store.write("A_KEY", Secret("value"))
    assert VolumeStore(store.engine, f"{store.stack}-b").names() == ()
    assert VolumeStore(store.engine, store.stack[:-1]).names() == ()


def test_what_is_no_name_of_a_secret_is_refused(store: VolumeStore) -> None:
    for name in ("", "lower", "A-B", "A,B", "A B", "../A"):
        with pytest.raises(UsageError):
            store.write(name, Secret("value"))


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout
