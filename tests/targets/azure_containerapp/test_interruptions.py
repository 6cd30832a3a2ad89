"""Two deploys at once, killed ones, and interrupted ones."""

import json
import signal
import subprocess

import pytest

from tests.fakes.call import Call
from tests.targets.azure_containerapp.faults import LOCK, PROMOTE, SETTLE, STAGE, UPDATE
from tests.targets.azure_containerapp.stage import Stage
from tests.targets.azure_containerapp.test_faults import is_true
from tests.thorough import seldom


def test_of_two_deploys_at_once_one_is_told_who_holds_the_lock(live: Stage) -> None:
    running = [live.project.popen("deploy", "--json") for _ in range(2)]
    ended = sorted(ended_with(process) for process in running)
    assert [status for status, _out in ended] == [0, 6], ended
    error = json.loads(ended[1][1])["error"]
    assert "llmops deploy" in error["evidence"]
    assert "Nothing was changed" in error["state"]
    assert live.app.serving == live.commits[2]
    assert "llmops-lock" not in live.app.tags


@pytest.mark.parametrize("number", [STAGE, PROMOTE, seldom(LOCK), seldom(SETTLE)])
def test_after_a_killed_deploy_the_next_one_puts_things_in_order(live: Stage, number: int) -> None:
    old, new = live.commits[1:]
    process = signalled(live, signal.SIGKILL, number)
    ended_with(process)
    live.cloud.operations.settle()
    # Until somebody looks after it, what was asked for last is so.
    assert live.app.serving == (new if number in (PROMOTE, SETTLE) else old)
    # The next one fails, and gives the traffic to the release on record nevertheless.
    live.cloud.containers.script(live.project.images[new].partition("@")[2], "crashes")
    third = live.project.change("It crashes.")
    live.cloud.containers.script(live.project.images[third].partition("@")[2], "crashes")
    assert live.project.llmops("deploy").status == 8
    assert live.app.serving == (new if number == SETTLE else old)
    assert "llmops-lock" not in live.app.tags


def test_a_revision_that_a_killed_deploy_left_is_stopped_by_the_next_one(live: Stage) -> None:
    ended_with(signalled(live, signal.SIGKILL, PROMOTE, is_before=True))
    live.cloud.operations.settle()
    left = live.app.revision_of(live.commits[2])
    assert left.is_active
    live.project.change("Fourth.")
    live.project.ok("deploy")
    assert not left.is_active
    assert live.app.serving == live.commits[-1]


@pytest.mark.parametrize("number", [PROMOTE, seldom(STAGE)])
def test_an_interrupted_deploy_gives_everything_back(live: Stage, number: int) -> None:
    status, out = ended_with(signalled(live, signal.SIGINT, number))
    old = live.commits[1]
    live.cloud.operations.settle()
    assert live.app.serving == old
    assert status == 130, out
    assert is_true(json.loads(out)["error"]["state"], old, 130)
    assert "llmops-lock" not in live.app.tags


def test_a_deploy_that_is_interrupted_when_azure_has_it_on_record_is_done(live: Stage) -> None:
    status, out = ended_with(signalled(live, signal.SIGINT, SETTLE))
    assert status == 0, out
    assert "cut short" in json.loads(out)["warnings"][0]
    assert live.app.serving == live.commits[2]
    assert "llmops-lock" not in live.app.tags


def signalled(
    stage: Stage, what: signal.Signals, number: int, *, is_before: bool = False
) -> "subprocess.Popen[str]":
    """Run a deploy that gets a signal as soon as Azure has got its change of that number."""
    running: list[subprocess.Popen[str]] = []

    def act(call: Call) -> None:
        running[0].send_signal(what)

    operation, after = (UPDATE, number - 1) if is_before else ("operation_status", 2 * number - 2)
    stage.cloud.faults.on(operation, act, times=1, after=after)
    running.append(stage.project.popen("deploy", "--json"))
    return running[0]


def ended_with(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for its end, and return its status and its result."""
    out, _err = process.communicate(timeout=90)
    return process.returncode, out
