"""Secrets, names and the history on a host."""

import json
import threading
from pathlib import Path

import pytest

from tests.hosts.agent_talk import AgentHost, deploy, prepared


@pytest.fixture
def host(tmp_path: Path) -> AgentHost:
    """A prepared host without a release."""
    return prepared(tmp_path)


def test_a_secret_is_read_as_it_was_written_and_by_root_alone(host: AgentHost) -> None:
    with host.talk() as talk:
        value = "line one\nline two: \u00e4"
        talk.ask("secret_write", value.encode(), name="KEY", version="3")
        assert talk.ask("secret_read", name="KEY", version="3") == {"value": value}
        assert talk.ask("secret_read", name="KEY", version="4") == {"value": None}
        assert talk.ask("secret_names") == {"names": ["KEY"]}
    path = host.places.secrets / "KEY" / "3"
    modes = [one.stat().st_mode & 0o777 for one in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_a_proposed_version_counts_when_it_is_accepted(host: AgentHost) -> None:
    with host.talk() as talk:
        talk.ask("secret_write", b"old", name="KEY", version="9")
        for version in ("10", "11"):
            talk.ask("secret_write", b"new", name="KEY", version=version, proposed=True)
        found = talk.ask("secret_versions", name="KEY")
        assert found == {"versions": ["9"], "proposed": ["10", "11"]}
        talk.ask("secret_accept", name="KEY", version="10")
        talk.ask("secret_withdraw", name="KEY", version="11")
        found = talk.ask("secret_versions", name="KEY")
        assert found == {"versions": ["9", "10"], "proposed": []}
        assert talk.ask("secret_read", name="KEY", version="11") == {"value": None}
        talk.ask("secret_remove", name="KEY")
        assert talk.ask("secret_names") == {"names": []}


def test_a_version_of_a_secret_never_changes(host: AgentHost) -> None:
    with host.talk() as talk:
        talk.ask("secret_write", b"sesame", name="KEY", version="1")
        talk.ask("secret_write", b"sesame", name="KEY", version="1")
        refused = talk.refused("secret_write", b"tahini", name="KEY", version="1")
        assert refused["why"] == "changed"
        assert "sesame" not in json.dumps(refused)
        assert "tahini" not in json.dumps(refused)
        assert talk.ask("secret_read", name="KEY", version="1") == {"value": "sesame"}


def test_the_history_is_told_newest_first_and_survives_a_line_that_was_cut_off(
    host: AgentHost,
) -> None:
    with host.talk() as talk:
        talk.ask("record", line='{"n": 1}\n')
        with host.places.history.open("a") as file:
            file.write('{"n": 2, "cut')
        talk.ask("record", line='{"n": 3}')
        assert talk.refused("record", line="no event")["why"] == "invalid"
        lines = talk.ask("history", limit=9)["lines"]
        assert lines == ['{"n": 3}', '{"n": 2, "cut', '{"n": 1}']
        assert talk.ask("history", limit=1)["lines"] == lines[:1]


def test_names_that_are_given_at_once_are_all_kept(host: AgentHost) -> None:
    with host.deploying() as talk:
        deploy(talk, "aaa")

    def name(given: str) -> None:
        with host.talk() as talk:
            talk.ask("name", release="aaa", names=[given])

    wanted = [f"v{number}" for number in range(8)]
    threads = [threading.Thread(target=name, args=(given,)) for given in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with host.talk() as talk:
        assert talk.ask("kept", limit=1)["releases"][0]["names"] == wanted
        assert talk.ask("unname", name="v3") == {"was": True}
        assert talk.ask("unname", name="v3") == {"was": False}


def test_a_name_is_given_only_to_a_release_that_was_live(host: AgentHost) -> None:
    with host.talk() as talk:
        assert talk.refused("name", release="aaa", names=["v1"])["why"] == "missing"
