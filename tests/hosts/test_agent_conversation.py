"""Talking with the agent: who holds the lock, and what it does when who asked is gone."""

import json
import os
from pathlib import Path

import pytest

from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.programs import run_while_connected
from llmops_cli.hosts.agent.trouble import LostError
from tests.hosts.agent_talk import AgentHost, FakeUnits, deploy, key_of, prepared, stage
from tests.waiting import eventually


@pytest.fixture
def host(tmp_path: Path) -> AgentHost:
    """A prepared host without a release."""
    return prepared(tmp_path)


def test_questions_are_answered_one_after_another(host: AgentHost) -> None:
    with host.talk() as talk:
        assert talk.ask("state")["current"] is None
        assert talk.ask("kept", limit=3) == {"releases": []}


def test_a_question_is_answered_although_nothing_comes_after_it(host: AgentHost) -> None:
    with host.talk() as talk:
        talk.say("kept", limit=3)
        talk.cut()
        assert talk.heard() == {"answer": {"releases": []}}


def test_what_a_verb_did_not_read_is_not_taken_for_the_next_question(host: AgentHost) -> None:
    with host.talk() as talk:
        refused = talk.refused("nonsense", b'{"do": "kept", "limit": 1}\n' * 9)
        assert refused["why"] == "invalid"
        assert "answer" in talk.refused("history", limit=1)


def test_a_question_that_is_not_understood_is_refused_in_words(host: AgentHost) -> None:
    with host.deploying() as talk:
        for verb, details in (
            ("start", {"release": "../../etc"}),
            ("find", {}),
            ("retire", {"keep": "all"}),
            ("missing", {"objects": ["../../etc/passwd"]}),
            ("secret_read", {"name": "../lock", "version": "1"}),
            ("secret_read", {"name": "KEY", "version": "../../lock"}),
        ):
            assert talk.refused(verb, **details)["why"] == "invalid", verb


@pytest.mark.parametrize(
    "verb", ["put", "missing", "write", "start", "promote", "settle", "discard", "retire", "halt"]
)
def test_what_changes_the_host_needs_the_lock(host: AgentHost, verb: str) -> None:
    with host.talk() as talk:
        assert talk.refused(verb)["refused"] == f"{verb} needs the lock."


def test_a_host_that_is_not_prepared_cannot_be_locked(tmp_path: Path) -> None:
    bare = AgentHost(Places("shop", tmp_path))
    with bare.talk() as talk:
        assert talk.refused("lock", holder="me")["why"] == "missing"
    assert os.listdir(tmp_path) == []


def test_who_finds_the_lock_taken_learns_who_holds_it(host: AgentHost) -> None:
    with host.talk() as first, host.talk() as second:
        first.ask("lock", holder='{"owner": "ada"}')
        refused = second.refused("lock", holder='{"owner": "bob"}')
        assert (refused["why"], refused["evidence"]) == ("locked", '{"owner": "ada"}')
        first.cut()
        second.ask("lock", holder='{"owner": "bob"}')
        assert host.places.lock.read_text() == '{"owner": "bob"}'


def test_a_lock_that_is_let_go_can_be_taken_although_the_conversation_goes_on(
    host: AgentHost,
) -> None:
    with host.deploying() as first, host.talk() as second:
        first.ask("unlock")
        assert second.ask("lock", holder="next") == {"order": []}
        assert first.refused("retire", keep=1)["why"] == "invalid"


def test_a_removed_file_of_the_lock_is_no_second_lock(host: AgentHost) -> None:
    with host.deploying(), host.talk() as second:
        host.places.lock.unlink()
        second.ask("lock", holder="second")
        assert host.places.lock.read_text() == "second"


def test_the_agent_stays_on_the_host_of_who_holds_the_lock_and_of_nobody_else(
    host: AgentHost,
) -> None:
    with host.talk(b"an archive") as talk:
        talk.ask("state")
        assert not host.places.agent.exists()
        talk.ask("lock", holder="me")
        assert host.places.agent.read_bytes() == b"an archive"


def test_a_deploy_that_is_cut_off_after_its_promotion_gives_the_traffic_back(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        talk.ask("promote", release="bbb", expected="aaa")
        assert host.current() == "bbb"
        talk.cut()
    assert host.current() == "aaa"
    assert host.names() == ["aaa"]
    assert host.units.running() == ["shop@aaa.service"]
    with host.talk() as talk:
        assert talk.ask("lock", holder="next") == {"order": []}


def test_a_deploy_of_which_nothing_is_heard_any_more_gives_the_traffic_back(
    host: AgentHost,
) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        stage(talk, "bbb", {"app/name": b"bbb"})
        talk.ask("start", release="bbb")
        talk.ask("promote", release="bbb", expected="aaa")
        talk.ask("lock", holder="the test", lease=0.2)
        assert host.current() == "bbb"
        talk.ended()
        assert host.current() == "aaa"


def test_beats_keep_the_lock_for_longer_than_its_lease(host: AgentHost) -> None:
    with host.deploying(lease=0.5) as talk:
        seen = host.places.lock.stat().st_mtime
        waited = {"beats": 0}

        def has_waited() -> bool:
            talk.send(b'{"do": "beat"}\n')
            waited["beats"] += 1
            host.places.history.touch()
            return host.places.history.stat().st_mtime > seen + 1.5

        eventually(has_waited)
        assert waited["beats"] > 1
        assert talk.ask("retire", keep=1) == {"retired": []}


def test_a_settled_release_stays_when_the_connection_is_cut(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")
        talk.cut()
    assert host.current() == "aaa"
    assert host.units.running() == ["shop@aaa.service"]


def test_an_object_that_is_cut_off_leaves_nothing_and_those_before_it_stay(
    host: AgentHost,
) -> None:
    first, second = os.urandom(1000), os.urandom(700_000)
    sizes = [[key_of(content), len(content)] for content in (first, second)]
    with host.deploying() as talk:
        message = {"do": "put", "bytes": len(first + second), "objects": sizes}
        talk.send(json.dumps(message).encode() + b"\n" + (first + second)[:-1])
        talk.cut()
    assert os.listdir(host.places.objects) == [key_of(first)]


def test_a_program_and_all_it_started_end_with_the_connection(
    host: AgentHost, tmp_path: Path
) -> None:
    program = f"echo $$ > {tmp_path}/pid; sleep 600 & wait"
    with host.talk() as talk:
        started = {"cut": False}

        def cut_when_it_runs(line: str) -> None:
            started["cut"] = True
            talk.cut()

        with pytest.raises(LostError):
            run_while_connected(
                talk.link,
                ["sh", "-c", f"{program.replace('; sleep', '; echo; sleep')}"],
                heard=cut_when_it_runs,
            )
        assert started["cut"]
    group = int((tmp_path / "pid").read_text())
    eventually(lambda: not _is_there(group))


def test_a_full_disk_is_called_that(tmp_path: Path) -> None:
    host = prepared(tmp_path)
    host.places.history.symlink_to("/dev/full")
    with host.talk() as talk:
        assert talk.refused("record", line="{}")["why"] == "full"


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_fake_of_units_is_asked_by_the_same_names_as_systemd() -> None:
    from llmops_cli.hosts.agent.systemd import Systemd

    asked = {name for name in vars(Systemd) if not name.startswith("_")}
    assert asked <= set(dir(FakeUnits()))
