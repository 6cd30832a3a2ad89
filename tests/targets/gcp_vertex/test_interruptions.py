"""Two deploys at once, killed ones, and interrupted ones."""

import json
import signal
import subprocess

import pytest

from tests.fakes.call import Call
from tests.targets.gcp_mishaps import is_true
from tests.targets.gcp_vertex.faults import DEPLOY, OPERATION, UPDATE, UPLOAD
from tests.targets.gcp_vertex.stage import Stage
from tests.thorough import seldom

#: Moments of a deploy: an operation, and how often it was asked for before.
MOMENTS = (
    pytest.param(DEPLOY, 0, id="deploying"),
    pytest.param(UPDATE, 1, id="promoting"),
    seldom(UPLOAD, 0, id="uploading"),
    seldom(OPERATION, 1, id="waiting"),
    seldom(UPDATE, 0, id="canary"),
)


def test_of_two_deploys_at_once_one_is_told_who_holds_the_lock(live: Stage) -> None:
    running = [live.project.popen("deploy", "--json") for _ in range(2)]
    ended = sorted(ended_with(process) for process in running)
    assert [status for status, _out in ended] == [0, 6], ended
    assert "llmops deploy" in json.loads(ended[1][1])["error"]["evidence"]
    assert live.serving == live.commits[2]


@pytest.mark.parametrize(("operation", "after"), MOMENTS)
def test_what_a_killed_deploy_left_is_put_in_order_by_the_next(
    live: Stage, operation: str, after: int
) -> None:
    ended_with(signalled(live, signal.SIGKILL, operation, after))
    live.cloud.operations.settle()
    expire_lock(live)
    fourth = live.project.change("Fourth.")
    live.project.ok("deploy")
    assert live.serving == fourth
    live.cloud.operations.settle()
    # Nothing is deployed, and paid for, that is neither live nor before it.
    assert live.commits[0] not in live.cloud.vertex.deployed
    assert len(live.cloud.vertex.deployed) == len(live.cloud.vertex.endpoint.deployed) <= 2


@pytest.mark.parametrize(("operation", "after"), MOMENTS)
def test_an_interrupted_deploy_gives_everything_back(
    live: Stage, operation: str, after: int
) -> None:
    status, out = ended_with(signalled(live, signal.SIGINT, operation, after))
    live.cloud.operations.settle()
    assert live.serving == live.commits[1]
    assert status == 130, out
    assert is_true(json.loads(out)["error"]["state"], live.commits[1], 130)
    assert not [name for name in live.cloud.storage.seeded() if name.endswith("lock.json")]


def signalled(
    stage: Stage, what: signal.Signals, operation: str, after: int
) -> "subprocess.Popen[str]":
    """Run a deploy that gets a signal as soon as Google is asked for an operation."""
    running: list[subprocess.Popen[str]] = []

    def act(call: Call) -> None:
        running[0].send_signal(what)

    stage.cloud.faults.on(operation, act, times=1, after=after)
    running.append(stage.project.popen("deploy", "--json"))
    return running[0]


def ended_with(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for its end, and return its status and its result."""
    out, _err = process.communicate(timeout=90)
    return process.returncode, out


def expire_lock(stage: Stage) -> None:
    """Let the lease of a deploy that was killed be over, as it is after a minute."""
    storage = stage.cloud.storage
    for (_, name), kept in list(storage.objects.items()):
        if name.endswith("lock.json"):
            document = json.loads(kept.content)
            storage.put(name, json.dumps(_aged(document)))


def _aged(value: object) -> object:
    """Return a document with its moments in the past."""
    if isinstance(value, dict):
        return {key: _aged(inner) for key, inner in value.items()}
    is_moment = isinstance(value, str) and value[:3] == "202" and "T" in value
    return f"2026-01-01{value[10:]}" if is_moment and isinstance(value, str) else value
