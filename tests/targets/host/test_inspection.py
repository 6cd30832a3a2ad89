"""What a target of several hosts says of itself, also where they differ or are not reached."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.config.load import load
from llmops_cli.core.release import Release
from llmops_cli.core.target import Event, Target
from llmops_cli.hosts.trouble import UnreachableError
from llmops_cli.secret_stores.hosts import HostStore
from llmops_cli.targets.documents import release_document
from llmops_cli.targets.host.making import make_host_target
from tests.hosts.socket_server import serving
from tests.hosts.ssh_hosts import SshHosts, ssh_hosts
from tests.project import make_project
from tests.ssh_server import needs_ssh

pytestmark = needs_ssh
_OLD, _NEW = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
_AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SshHosts]:
    with ssh_hosts() as found:
        yield found


@contextmanager
def target_on(server: SshHosts, *names: str) -> Iterator[Target]:
    root = server.folder / "chat"
    if not root.exists():
        make_project(root)
    listed = ", ".join(f'"{name}"' for name in names)
    (root / "llmops.toml").write_text(
        f'name = "demo"\n[targets.host]\nhosts = [{listed}]\nserver_name = "chat.example"\n'
    )
    hosts = server.hosts(names)
    try:
        yield make_host_target(load(root), "host", root, hosts, HostStore(hosts))
    finally:
        hosts.close()


def put(server: SshHosts, host: str, release: str, previous: str | None = None) -> None:
    """Write a release that has been live, as far as it is read, and let it be current."""
    folder = server.disk(host) / "releases" / release
    folder.mkdir(parents=True)
    document = release_document(Release(release, release, "tree", _AT, f"Subject {release}"))
    (folder / "release.json").write_text(json.dumps(document))
    deployed = {"at": _AT.isoformat(), "previous": previous}
    (folder / "deployed.json").write_text(json.dumps(deployed))
    current = server.disk(host) / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(f"releases/{release}")


@contextmanager
def answering(server: SshHosts, host: str, release: str) -> Iterator[None]:
    # A socket's path may not be long.
    with (
        tempfile.TemporaryDirectory(prefix="llmops-") as folder,
        serving(Path(folder) / "socket", json.dumps({"release": release})) as path,
    ):
        (server.disk(host) / "releases" / release / "socket").symlink_to(path)
        yield


def test_where_nothing_was_deployed_there_is_nothing_wrong(server: SshHosts) -> None:
    with target_on(server, "host1", "host2") as target:
        state = target.inspect()
    assert (state.live, state.recorded, state.trouble) == (None, None, "")
    assert state.address == "https://chat.example"


def test_hosts_that_differ_are_told_apart_with_what_mends_it(server: SshHosts) -> None:
    for host in ("host1", "host2", "host3"):
        put(server, host, _OLD)
    for host in ("host1", "host2"):
        put(server, host, _NEW, previous=_OLD)
    with (
        answering(server, "host1", _NEW),
        answering(server, "host2", _NEW),
        answering(server, "host3", _OLD),
        target_on(server, "host1", "host2", "host3") as target,
    ):
        state = target.inspect()
    assert state.live is not None
    assert state.recorded is not None
    assert (state.live.id, state.recorded.id, state.previous) == (_NEW, _NEW, _OLD)
    assert state.trouble == f"host3: {_OLD} serves, not {_NEW} as elsewhere."
    assert state.remedy == "llmops deploy"
    assert state.facts["host3"].startswith(_OLD)


def test_a_release_that_does_not_answer_and_a_deploy_that_did_not_settle_are_told(
    server: SshHosts,
) -> None:
    put(server, "host1", _NEW)
    with target_on(server, "host1") as target:
        state = target.inspect()
        assert state.live is None
        assert state.recorded is not None
        assert state.trouble.startswith(f"{_NEW} does not answer")
        pending = {"candidate": _NEW, "before": _OLD, "at": _AT.isoformat()}
        (server.disk("host1") / "pending.json").write_text(json.dumps(pending))
        state = target.inspect()
        assert state.trouble == f"{_NEW} has the traffic, and a deploy has not settled."
        assert state.previous == _OLD


def test_a_host_that_is_down_hides_nothing_of_the_others(server: SshHosts) -> None:
    put(server, "host1", _NEW)
    with (
        answering(server, "host1", _NEW),
        target_on(server, "host1", "down") as target,
    ):
        state = target.inspect()
        assert state.live is not None
        assert state.live.id == _NEW
        assert state.trouble == "down cannot be reached."
        assert state.facts["down"] == "not reached"
        assert [kept.release.id for kept in target.releases(5)] == [_NEW]
    with target_on(server, "down") as target, pytest.raises(UnreachableError):
        target.inspect()


def test_releases_names_and_history_are_those_of_all_hosts_together(server: SshHosts) -> None:
    put(server, "host1", _OLD)
    put(server, "host1", _NEW)
    put(server, "host2", _NEW)
    event = Event(_AT, "deploy", _NEW, "anna", {"address": "x"})
    with target_on(server, "host1", "host2") as target:
        assert {kept.release.id for kept in target.releases(5)} == {_OLD, _NEW}
        assert [release.id for release in target.find("a")] == [_OLD]
        target.name_release(_NEW, ["stable"])
        assert [release.id for release in target.find("stable")] == [_NEW]
        assert {kept.names for kept in target.releases(5)} == {(), ("stable",)}
        target.record(event)
        target.record(replace(event, action="rollback", at=datetime.now(UTC)))
        assert [one.action for one in target.history(5)] == ["rollback", "deploy"]
        assert target.unname_release("stable") is True
        assert target.unname_release("stable") is False
    assert (server.disk("host2") / "history.jsonl").read_text().count("\n") == 2
