"""Secrets of several hosts: on all of them or on none, by versions that sort by time."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import UsageError
from llmops_cli.hosts.trouble import RefusedError, UnreachableError
from llmops_cli.secret_stores.hosts import HostStore
from tests.hosts.ssh_hosts import SshHosts, ssh_hosts
from tests.ssh_server import needs_ssh

pytestmark = needs_ssh


@pytest.fixture(scope="module")
def server() -> Iterator[SshHosts]:
    with ssh_hosts() as found:
        yield found


@contextmanager
def store_on(server: SshHosts, *names: str, may_fail: int = 0) -> Iterator[HostStore]:
    hosts = server.hosts(names, may_fail=may_fail)
    try:
        yield HostStore(hosts)
    finally:
        hosts.close()


def test_a_value_is_on_all_hosts_in_one_version_and_for_root_only(server: SshHosts) -> None:
    with store_on(server, "host1", "host2") as store:
        first = store.write("FIRST_KEY", Secret("värde\n1"))
        second = store.write("FIRST_KEY", Secret("value 2"))
        assert int(second) > int(first)
        assert store.current_version("FIRST_KEY") == second
        assert store.read("FIRST_KEY") == Secret("value 2")
        assert store.names() == ("FIRST_KEY",)
        assert store.read("FIRST_KEY", "1") is None
    with store_on(server, "host2") as other:
        assert other.read("FIRST_KEY", first) == Secret("värde\n1")
    for host in ("host1", "host2"):
        file = server.disk(host) / "secrets" / "FIRST_KEY" / first
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_value_that_one_host_cannot_keep_is_kept_by_none(server: SshHosts) -> None:
    with store_on(server, "host1", "host2") as store:
        before = store.write("KEPT_KEY", Secret("old"))
        # Where the folder of secrets should be, there is a file.
        folder = server.disk("host2") / "secrets" / "KEPT_KEY"
        (folder / before).rename(folder.parent / "aside")
        folder.rmdir()
        folder.touch()
        with pytest.raises(RefusedError, match="host2") as caught:
            store.write("KEPT_KEY", Secret("new"))
        assert "Nothing was stored" in caught.value.state
        folder.unlink()
        folder.mkdir()
        (folder.parent / "aside").rename(folder / before)
        assert store.current_version("KEPT_KEY") == before
        assert store.read("KEPT_KEY") == Secret("old")
    assert [path.name for path in (server.disk("host1") / "secrets" / "KEPT_KEY").iterdir()] == [
        before
    ]


def test_a_proposed_version_counts_when_it_is_accepted_and_never_when_it_is_withdrawn(
    server: SshHosts,
) -> None:
    with store_on(server, "host1", "host2") as store:
        old = store.write("TURN_KEY", Secret("old"))
        gone, new = (store.propose("TURN_KEY", Secret(word)) for word in ("gone", "new"))
        assert (store.current_version("TURN_KEY"), store.read("TURN_KEY", gone)) == (
            old,
            Secret("gone"),
        )
        store.withdraw("TURN_KEY", gone)
        store.accept("TURN_KEY", new)
        assert store.current_version("TURN_KEY") == new
        assert store.read("TURN_KEY", gone) is None


def test_what_counts_is_what_every_host_has(server: SshHosts) -> None:
    with store_on(server, "host1", "host2") as store:
        everywhere = store.write("PART_KEY", Secret("everywhere"))
    with store_on(server, "host1") as alone:
        later = alone.write("PART_KEY", Secret("later"))
    with store_on(server, "host1", "host2") as store:
        assert store.current_version("PART_KEY") == everywhere
        assert store.read("PART_KEY", later) == Secret("later")
        assert int(store.write("PART_KEY", Secret("newest"))) > int(later)


def test_a_host_that_may_be_down_does_not_hold_up_a_secret_and_another_does(
    server: SshHosts,
) -> None:
    with store_on(server, "host1", "down", may_fail=1) as store:
        version = store.write("DOWN_KEY", Secret("value"))
        assert store.current_version("DOWN_KEY") == version
    with (
        store_on(server, "host1", "down") as store,
        pytest.raises(UnreachableError, match="down"),
    ):
        store.write("DOWN_KEY", Secret("value"))


def test_what_is_removed_has_no_value_and_a_strange_name_is_refused(server: SshHosts) -> None:
    with store_on(server, "host1", "host2") as store:
        store.write("SHORT_KEY", Secret("value"))
        assert store.remove("SHORT_KEY") == ""
        assert (store.read("SHORT_KEY"), store.current_version("SHORT_KEY")) == (None, None)
        with pytest.raises(UsageError, match="cannot be the name"):
            store.write("../KEY", Secret("value"))
