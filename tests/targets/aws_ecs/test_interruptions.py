"""Two deploys at once, killed ones, and interrupted ones."""

import json
import signal
import subprocess

import pytest

from tests.fakes.call import Call
from tests.targets.aws_ecs.faults import CONTINUE, UPDATE
from tests.targets.aws_ecs.stage import Stage
from tests.targets.aws_ecs.test_faults import is_true
from tests.thorough import seldom

#: The requests that change who serves, in their order: an operation, and which one of it.
STAGE, PROMOTE, SETTLE = (UPDATE, 0), (CONTINUE, 0), (CONTINUE, 1)
Moment = tuple[str, int]


def test_of_two_deploys_at_once_one_is_told_who_holds_the_lock(live: Stage) -> None:
    running = [live.project.popen("deploy", "--json") for _ in range(2)]
    ended = sorted(ended_with(process) for process in running)
    assert [status for status, _out in ended] == [0, 6], ended
    error = json.loads(ended[1][1])["error"]
    assert "llmops deploy" in error["evidence"]
    assert "Nothing was changed" in error["state"]
    assert live.cloud.ecs.serving == live.commits[2]
    assert not is_locked(live)


@pytest.mark.parametrize("moment", [STAGE, PROMOTE, seldom(SETTLE)])
def test_after_a_killed_deploy_the_next_one_puts_things_in_order(
    live: Stage, moment: Moment
) -> None:
    old, new = live.commits[1:]
    ended_with(signalled(live, signal.SIGKILL, moment))
    live.cloud.containers.warm()
    live.cloud.ecs.settle()
    # Until somebody looks after it, what was asked for last is so.
    assert live.cloud.ecs.serving == (old if moment == STAGE else new)
    assert live.cloud.scaling.is_suspended
    # The next one fails, and gives the traffic to the release on record nevertheless.
    third = live.project.change("It crashes.")
    live.script(third, "crashes")
    assert live.project.llmops("deploy").status == 8
    assert live.cloud.ecs.serving == (new if moment == SETTLE else old)
    assert not live.cloud.scaling.is_suspended
    assert not is_locked(live)


@pytest.mark.parametrize("moment", [STAGE, PROMOTE])
def test_an_interrupted_deploy_gives_everything_back(live: Stage, moment: Moment) -> None:
    status, out = ended_with(signalled(live, signal.SIGINT, moment))
    old = live.commits[1]
    live.cloud.ecs.settle()
    assert status == 130, out
    assert live.cloud.ecs.serving == old
    assert is_true(json.loads(out)["error"]["state"], old, 130)
    assert not live.cloud.scaling.is_suspended
    assert not is_locked(live)


def is_locked(stage: Stage) -> bool:
    """Whether somebody holds the lock still."""
    return any(key.endswith("lock.json") for key in stage.records())


def signalled(stage: Stage, what: signal.Signals, moment: Moment) -> "subprocess.Popen[str]":
    """Run a deploy that gets a signal as soon as AWS has got a request of its."""
    running: list[subprocess.Popen[str]] = []

    def act(call: Call) -> None:
        running[0].send_signal(what)

    operation, after = moment
    stage.cloud.faults.on(operation, act, times=1, after=after)
    running.append(stage.project.popen("deploy", "--json"))
    return running[0]


def ended_with(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for its end, and return its status and its result."""
    out, _err = process.communicate(timeout=110)
    return process.returncode, out
