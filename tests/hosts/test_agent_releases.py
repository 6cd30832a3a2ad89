"""Release folders on a host: written whole or not at all, switched, taken back and retired."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.hosts.agent import boot
from llmops_cli.hosts.agent.order import put_in_order
from llmops_cli.hosts.agent.systemd import Unit
from tests.hosts.agent_talk import UNITS, AgentHost, deploy, key_of, prepared, stage, write


@pytest.fixture
def host(tmp_path: Path) -> AgentHost:
    """A prepared host without a release."""
    return prepared(tmp_path)


def test_a_release_consists_of_what_was_sent(host: AgentHost) -> None:
    program = b"#!/bin/sh\n"
    with host.deploying() as talk:
        key = key_of(program) + "x"
        talk.ask("put", program + b"text", objects=[[key, 10], [key_of(b"text"), 4]])
        files = [["app/a/b/run", key], ["code/c", key_of(b"text")], ["app/d", {"link": "a/b/run"}]]
        assert write(talk, "aaa", files=files) == {"answer": {"written": True}}
        folder = host.places.release("aaa")
        assert (folder / "app/d").read_bytes() == program
        assert (folder / "app/d").readlink() == Path("a/b/run")
        assert (folder / "code/c").read_bytes() == b"text"
        modes = {name: (folder / name).stat().st_mode & 0o777 for name in ("app/a/b/run", "code/c")}
        assert modes == {"app/a/b/run": 0o555, "code/c": 0o444}
        assert (folder / "socket").readlink() == host.places.socket("aaa")
        assert json.loads((folder / "release.json").read_text())["id"] == "aaa"


def test_what_two_releases_have_in_common_is_sent_once_and_lies_there_once(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        stage(talk, "aaa", {"app/same": b"same", "app/name": b"aaa"})
        contents = {key_of(content): content for content in (b"same", b"bbb")}
        assert talk.ask("missing", objects=list(contents)) == {"missing": [key_of(b"bbb")]}
        stage(talk, "bbb", {"app/same": b"same", "app/name": b"bbb"})
        one, other = (host.places.release(name) for name in ("aaa", "bbb"))
        assert (one / "app/same").samefile(other / "app/same")
        assert (one / "venv/pyvenv.cfg").samefile(other / "venv/pyvenv.cfg")


def test_a_release_that_is_there_is_left_as_it_is(host: AgentHost) -> None:
    with host.deploying() as talk:
        stage(talk, "aaa", {"app/name": b"first"})
        answer = stage(talk, "aaa", {"app/name": b"second"})
        assert answer == {"answer": {"written": False}}
        assert (host.places.release("aaa") / "app/name").read_bytes() == b"first"


def test_a_release_that_another_python_made_is_made_again_and_was_live_still(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        manifest = host.places.release("aaa") / "manifest.json"
        found = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**found, "python": "cpython-27 linux"}))
        answer = stage(talk, "aaa", {"app/name": b"second"})
        assert answer == {"answer": {"written": True}}
        assert [kept["release"]["id"] for kept in talk.ask("kept", limit=3)["releases"]] == ["aaa"]
    assert host.names() == ["aaa"]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"files": [["app/x", key_of(b"not sent")]]}, "missing"),
        ({"files": [["app/../../x", key_of(b"sent")]]}, "invalid"),
        ({"files": [["/etc/x", key_of(b"sent")]]}, "invalid"),
        ({"files": [["venv/bin/python", key_of(b"sent")]]}, "invalid"),
        ({"files": [["app/x", {"link": "/tmp"}], ["app/x/y", {"link": "z"}]]}, "invalid"),
        ({"units": {"service": ""}}, "invalid"),
    ],
)
def test_a_release_that_cannot_be_written_leaves_nothing(
    host: AgentHost, parts: dict[str, Any], why: str
) -> None:
    with host.deploying() as talk:
        talk.ask("put", b"sent", objects=[[key_of(b"sent"), 4]])
        assert write(talk, "aaa", **parts)["why"] == why
    assert host.names() == []
    assert [name for name in _listed(host.places.environments) if name.startswith(".")] == []


def test_a_release_for_a_python_that_is_not_there_is_not_written(host: AgentHost) -> None:
    with host.deploying() as talk:
        payload = json.dumps({"files": [], "requirements": [], "units": UNITS}).encode()
        asked = {"release": {"id": "aaa"}, "python": "python-of-nobody"}
        refused = talk.refused("write", payload, **asked)
    assert (refused["why"], "python-of-nobody" in refused["refused"]) == ("missing", True)


def test_an_object_that_arrives_as_something_else_is_not_kept(host: AgentHost) -> None:
    with host.deploying() as talk:
        refused = talk.refused("put", b"other", objects=[[key_of(b"wanted"), 5]])
        assert refused["why"] == "damaged"
        assert talk.ask("missing", objects=[key_of(b"wanted")])["missing"]
    assert os.listdir(host.places.objects) == []


def test_the_traffic_moves_only_from_what_was_expected(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        assert talk.refused("promote", release="bbb", expected="aaa")["why"] == "unready"
        talk.ask("start", release="bbb")
        assert talk.refused("promote", release="bbb", expected=None)["why"] == "changed"
        assert host.current() == "aaa"
        talk.ask("promote", release="bbb", expected="aaa")
        state = talk.ask("state")
        assert state["pending"] == {"candidate": "bbb", "before": "aaa"}
        assert talk.ask("restore", release="bbb") == {"current": "aaa"}
        assert talk.ask("restore", release="bbb") == {"current": "aaa"}
        assert talk.ask("discard", release="bbb") == {"removed": True}
        assert talk.ask("discard", release="bbb") == {"removed": False}
    assert host.names() == ["aaa"]


def test_the_live_release_cannot_be_discarded(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        assert talk.refused("discard", release="aaa")["refused"] == "aaa is live."


def test_a_release_that_goes_back_into_service_knows_still_what_it_replaced_first(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        for release in ("aaa", "bbb", "aaa"):
            deploy(talk, release)
        state = talk.ask("state")
        assert (state["current"], state["previous"]) == ("aaa", None)
        kept = talk.ask("kept", limit=9)["releases"]
    assert [one["release"]["id"] for one in kept] == ["aaa", "bbb"]
    assert host.units.running() == ["shop@aaa.service"]


def test_what_is_not_ready_says_how_it_ended_and_what_it_wrote(host: AgentHost) -> None:
    ends = {
        "exit-code": (3, "status 3"),
        "oom-kill": (9, "more memory"),
        "watchdog": (6, "watchdog"),
        "signal": (11, "signal 11"),
        "timeout": (0, "within the time"),
    }
    with host.deploying() as talk:
        stage(talk, "aaa", {"app/name": b"aaa"})
        name = "shop@aaa.service"
        for result, (status, words) in ends.items():
            unit = Unit(name, "activating", "auto-restart", result, status=status, restarts=1)
            host.units.becomes[name] = unit
            refused = talk.refused("start", release="aaa", seconds=5)
            assert refused["why"] == "unready"
            assert words in refused["evidence"]
            assert f"what {name} wrote" in refused["evidence"]
            assert host.units.running() == []


def test_what_takes_too_long_is_not_ready(host: AgentHost) -> None:
    with host.deploying() as talk:
        stage(talk, "aaa", {"app/name": b"aaa"})
        name = "shop@aaa.service"
        host.units.becomes[name] = Unit(name, "activating", "start", told="loads the model")
        refused = talk.refused("start", release="aaa", seconds=0.2)
        assert "did not become ready within" in refused["evidence"]
        assert "aaa: loads the model" in talk.told


def test_a_release_that_is_killed_with_its_memory_used_up_is_said_to_need_more(
    host: AgentHost,
) -> None:
    name = "shop@aaa.service"
    limits = {"memory": 990 << 20, "memory_max": 1000 << 20}
    killed = Unit(name, "failed", "failed", "signal", status=9)
    with host.deploying() as talk:
        stage(talk, "aaa", {"app/name": b"aaa"})
        for unit in (replace(killed, **limits), Unit(name, "activating", "start", **limits)):
            host.units.becomes[name] = unit
            refused = talk.refused("start", release="aaa", seconds=0.2)
            assert "990 MiB of the 1000 MiB of memory" in refused["evidence"]
        host.units.becomes[name] = killed
        assert "memory" not in talk.refused("start", release="aaa", seconds=5)["evidence"]


def test_a_release_starts_again_while_its_last_run_still_ends_requests(host: AgentHost) -> None:
    first, second = "shop@aaa.service", "shop@aaa:2.service"
    with host.deploying() as talk:
        deploy(talk, "aaa")
        deploy(talk, "bbb")
        host.units.found[first] = Unit(first, "deactivating", "stop-sigterm")
        deploy(talk, "aaa")
        assert host.current() == "aaa"
        assert host.units.running() == [first, second]
        socket = host.places.current / "socket"
        assert socket.readlink() == host.places.socket("aaa:2")
        text = (host.places.unit_files / "shop@aaa:2.socket").read_text()
        assert text == f"[Socket]\nListenStream={socket.readlink()}\n"
        assert talk.ask("state")["units"]["aaa"]["active"] == "active"
        host.units.stop(first)
        assert talk.ask("retire", keep=0) == {"retired": ["bbb"]}
    assert host.units.running() == [second]
    list(boot.boot(host.places, host.units))
    assert host.units.running() == [second]


def test_old_releases_go_with_all_that_only_they_had(host: AgentHost) -> None:
    with host.deploying() as talk:
        for release in ("aaa", "bbb", "ccc", "ddd", "eee"):
            deploy(talk, release)
        talk.ask("name", release="aaa", names=["v1"])
        assert talk.ask("retire", keep=1)["retired"] == ["bbb"]
        assert talk.ask("retire", keep=0)["retired"] == ["ccc"]
        assert [release["id"] for release in talk.ask("find", prefix="v1")["releases"]] == ["aaa"]
    assert host.names() == ["aaa", "ddd", "eee"]
    kept = {key_of(content) for content in (b"same", b"aaa", b"ddd", b"eee")}
    assert set(os.listdir(host.places.objects)) == kept
    units = [name for name in os.listdir(host.places.unit_files) if "@" in name]
    assert sorted(units) == [f"shop@{r}.{k}" for r in host.names() for k in ("service", "socket")]


def test_who_was_killed_before_a_promotion_was_settled_is_taken_back(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        talk.ask("promote", release="bbb", expected="aaa")
        left = host.places.pending.read_bytes()
    # As it was in the moment of the promotion, with what else a killed agent leaves.
    with host.deploying() as talk:
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        host.places.pending.write_bytes(left)
        host.places.current.unlink()
        host.places.current.symlink_to("releases/bbb")
        for folder in (host.places.releases, host.places.environments):
            (folder / ".ccc.123" / "app").mkdir(parents=True)
        assert put_in_order(host.places, host.units) == [
            "aaa has the traffic again, in the place of bbb",
            "bbb was running, and ends",
            "bbb was never live, and is removed",
        ]
        assert put_in_order(host.places, host.units) == []
    assert (host.current(), host.names()) == ("aaa", ["aaa"])
    assert not (host.places.environments / ".ccc.123").exists()


def test_who_was_killed_while_settling_has_settled(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        talk.ask("promote", release="bbb", expected="aaa")
        note = json.loads(host.places.pending.read_text())
        host.places.pending.write_text(json.dumps({**note, "is_settled": True}))
        assert put_in_order(host.places, host.units) == [
            "bbb was live, and is now recorded as that",
            "aaa was running, and ends",
        ]
        assert talk.ask("state")["previous"] == "aaa"
    assert host.units.running() == ["shop@bbb.service"]


def test_the_boot_begins_what_is_current_after_it_took_back_what_was_not_settled(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
    note = {"candidate": "bbb", "before": "aaa", "at": "2026-01-01T00:00:00+00:00"}
    host.places.pending.write_text(json.dumps(note))
    host.places.current.unlink()
    host.places.current.symlink_to("releases/bbb")
    host.units.found.clear()
    for file in host.places.unit_files.iterdir():
        file.unlink()
    done = list(boot.boot(host.places, host.units))
    assert done[0] == "aaa has the traffic again, in the place of bbb"
    assert done[-1] == "aaa begins."
    assert host.units.running() == ["shop@aaa.service"]
    assert host.places.unit_file("aaa", "service").read_text() == "[Service]\n"


def test_the_boot_leaves_the_order_to_a_deploy_that_goes_on(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        talk.ask("promote", release="bbb", expected="aaa")
        assert list(boot.boot(host.places, host.units)) == ["bbb begins."]
        talk.ask("settle", release="bbb")
    assert host.current() == "bbb"


def test_what_an_operator_stopped_stays_stopped_until_it_is_begun(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        assert host.units.enabled == {"shop.service"}
        talk.ask("halt", grace=None)
        assert talk.ask("state")["stopped"] is True
        assert (host.units.enabled, host.units.running()) == (set(), [])
        talk.ask("begin")
        assert talk.ask("state")["stopped"] is False
        assert host.units.running() == ["shop@aaa.service"]


def _listed(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.exists() else []
