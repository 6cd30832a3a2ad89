"""The lock of several hosts: one deploy at a time, and it is free when its holder is gone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError
from llmops_cli.hosts.trouble import RefusedError, UnreachableError
from llmops_cli.targets.host.holding import Hold, held, regained
from tests.hosts.ssh_hosts import SshHosts, ssh_hosts
from tests.ssh_server import needs_ssh

pytestmark = needs_ssh
_BOTH = ("host2", "host1")


@pytest.fixture(scope="module")
def server() -> Iterator[SshHosts]:
    with ssh_hosts() as found:
        yield found


def holder(name: str) -> Holder:
    return Holder(name, "llmops deploy", datetime.now(UTC), 1, "laptop")


def test_of_two_who_deploy_one_gets_all_hosts_and_the_other_is_told_who(server: SshHosts) -> None:
    ours, theirs = server.hosts(_BOTH), server.hosts(("host3", *_BOTH))
    with held(ours, Hold(), holder("anna")):
        with (
            pytest.raises(LockedError, match="on host1") as caught,
            held(theirs, Hold(), holder("bo")),
        ):
            pass
        assert "anna runs `llmops deploy`" in caught.value.evidence
    # Theirs holds nothing, not even where nobody else did.
    with held(server.hosts(("host3", *_BOTH)), Hold(), holder("cleo")):
        pass


def test_two_who_begin_at_once_never_keep_each_other_out(server: SshHosts) -> None:
    meeting = threading.Barrier(2, timeout=30)
    got: list[str] = []

    def deploy(name: str, order: tuple[str, ...]) -> None:
        hosts = server.hosts(order)
        hosts.reached()
        meeting.wait()
        try:
            with held(hosts, Hold(), holder(name)):
                got.append(name)
        except LockedError:
            hosts.close()

    threads = [
        threading.Thread(target=deploy, args=("anna", ("host1", "host2"))),
        threading.Thread(target=deploy, args=("bo", ("host2", "host1"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got


def test_a_lock_whose_connection_broke_is_taken_anew_and_another_is_left_alone(
    server: SshHosts,
) -> None:
    hosts, hold = server.hosts(_BOTH), Hold()
    with held(hosts, hold, holder("anna")):
        kept, broken = hosts.session("host1"), hosts.session("host2")
        broken.close()
        with pytest.raises(UnreachableError):
            broken.ask("retire", keep=1)
        again = regained(hosts, hold, "host2")
        assert again is not broken
        assert again.ask("retire", keep=1) == {"retired": []}
        assert regained(hosts, hold, "host1") is kept


def test_nothing_is_changed_without_the_lock(server: SshHosts) -> None:
    hosts = server.hosts(("host1",))
    try:
        with pytest.raises(RefusedError, match="needs the lock"):
            hosts.session("host1").ask("retire", keep=1)
    finally:
        hosts.close()
