"""A host that is rebooted serves again what is on record, wherever a deploy was."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from llmops_cli.core.plan import Phase
from tests.hosts.host_project import HostProject
from tests.hosts.machines import needs_hosts
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(300)]


def phases(project: HostProject) -> list[Phase]:
    """The phase of each step of a deploy, in order."""
    steps = project.ok("plan", "--json").document["steps"]
    return [Phase(step["phase"]) for step in steps]


@contextmanager
def held(project: HostProject, step: int) -> Iterator["subprocess.Popen[str]"]:
    """A deploy that stands still after a step, until the context ends."""
    words = ["-m", "tests.deploy_until", str(project.root), "after", str(step)]
    with subprocess.Popen(
        [sys.executable, *words, str(int(signal.SIGSTOP))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as deploying:
        os.waitpid(deploying.pid, os.WUNTRACED)
        yield deploying
        deploying.send_signal(signal.SIGCONT)
        sys.stdout.write(deploying.communicate()[0])


def test_power_that_fails_after_the_switch_brings_back_what_was_settled(
    deployed: HostProject,
) -> None:
    [machine] = deployed.machines
    before = deployed.serving()
    wanted = deployed.change("Power fails before it is settled.")
    promoted = phases(deployed).index(Phase.PROMOTE) + 1
    with held(deployed, promoted):
        assert deployed.serving() == wanted
        machine.reboot(hard=True)
        assert eventually(deployed.serving) == before
    eventually(lambda: deployed.rests_at(before))
    deployed.ok("deploy")
    assert deployed.serving() == wanted


def test_a_reboot_after_a_deploy_brings_the_same_release(deployed: HostProject) -> None:
    wanted = deployed.change("Rebooted after it.")
    deployed.ok("deploy")
    deployed.machines[0].reboot()
    assert eventually(deployed.serving) == wanted
    deployed.ok("rollback")
    deployed.machines[0].reboot(hard=True)
    assert eventually(deployed.serving) != wanted


def test_a_deploy_that_gives_no_sign_of_life_loses_its_lock_and_what_it_had_not_settled(
    deployed: HostProject,
) -> None:
    before = deployed.serving()
    wanted = deployed.change("Silent after the switch.")
    promoted = phases(deployed).index(Phase.PROMOTE) + 1
    with held(deployed, promoted) as deploying:
        # A process that stands still beats no more, though its connection is there.
        assert deployed.serving() == wanted
        eventually(lambda: deployed.serving() == before)
        eventually(lambda: deployed.rests_at(before))
    assert deploying.returncode == 8
    assert deployed.serving() == before
    deployed.ok("deploy")
    assert deployed.serving() == wanted
