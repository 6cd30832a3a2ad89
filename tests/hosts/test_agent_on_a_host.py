"""What only a real host shows of the agent: its processes, the journal and who may pass a door."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.far_agent import APP, deploy, far_agent, packages, prepare, stage
from tests.hosts.machine import Machine
from tests.hosts.machines import machines, needs_hosts
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(300)]
_WHO_LOCKS = f"""
for folder in /proc/[0-9]*; do
  ls -l $folder/fd 2>/dev/null | grep -q ' /opt/{APP}/lock$' && basename $folder
done; true
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A host that is prepared for releases of `far_agent`."""
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder)) as fleet:
        [made] = fleet.machines
        prepare(made)
        yield made


def test_pip_ends_with_an_agent_that_is_killed_and_nothing_is_left_of_either(
    machine: Machine,
) -> None:
    with far_agent(machine) as agent:
        assert agent.hello["agent"] == "wanted"
        agent.ask("lock", holder="first", lease=120)
        [process] = machine.run("sh", "-c", _WHO_LOCKS).split()
        stage(agent, "half", packages())
        while not any(told.startswith("Collecting ") for told in agent.told):
            assert "told" in agent.heard()
        machine.run("kill", "-KILL", process)
        while found := agent.heard():
            assert "told" in found, found
    eventually(lambda: "__pip-runner__" not in machine.run("ps", "-eo", "args"))
    with far_agent(machine) as agent:
        assert agent.hello["agent"] == "kept"
        agent.ask("lock", holder="second", lease=120)
    for left in (".*", "half*"):
        assert machine.run("find", f"/opt/{APP}", "-name", left) == ""


def test_the_log_is_followed_from_one_release_to_the_next(machine: Machine) -> None:
    with far_agent(machine) as agent, far_agent(machine) as reader:
        agent.ask("lock", holder="first", lease=120)
        deploy(agent, "aaa")
        reader.say("logs", lines=10, follow=True)
        while "aaa starts" not in reader.told:
            assert reader.heard()
        deploy(agent, "bbb")
        while "bbb starts" not in reader.told:
            assert reader.heard()
        assert agent.ask("state")["answers"] == "bbb"
        while "bbb was asked" not in reader.told:
            assert reader.heard()
        assert reader.told.count("bbb starts") == 1


def test_a_door_lets_in_who_logged_in_and_nobody_else(machine: Machine) -> None:
    with far_agent(machine) as agent:
        agent.ask("lock", holder="first", lease=120)
        deploy(agent, "ccc")
        path = agent.ask("open", release="ccc")["path"]
        asking = f"curl -sS --max-time 20 --unix-socket {path} http://release/version"
        assert "ccc" in machine.run("runuser", "-u", "deploy", "--", *asking.split())
        assert machine.run("runuser", "-u", "nobody", "--", *asking.split(), check=False) == ""
