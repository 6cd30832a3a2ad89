"""A deploy that was killed while Google worked: whoever comes next goes on with it."""

import signal

import pytest

from tests.fakes.call import Call
from tests.targets.gcp_vertex.faults import OPERATION
from tests.targets.gcp_vertex.stage import Stage
from tests.waiting import eventually


def killed_while_deploying(stage: Stage) -> None:
    """Kill a deploy while its operation lasts, and let its lease run out."""
    process = stage.project.popen("deploy")
    eventually(lambda: _noted(stage, '"deploy": "projects/'))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=90)
    objects = stage.cloud.storage.objects
    for key in [key for key in objects if key[-1].endswith("lock.json")]:
        del objects[key]


def ends_after(stage: Stage, looks: int) -> None:
    """Let what is under way end, once somebody has looked at it that often and does again."""

    def act(call: Call) -> None:
        for one in stage.cloud.operations.running.values():
            one.steps = 0 if one.steps is None else one.steps

    stage.cloud.faults.on(OPERATION, act, times=1, after=looks)


def _noted(stage: Stage, text: str) -> bool:
    ledgers = [name for name in stage.cloud.storage.seeded() if name.endswith("ledger.json")]
    return any(text in stage.cloud.storage.seeded()[name] for name in ledgers)


@pytest.mark.parametrize("is_same", [True, False])
def test_the_next_deploy_goes_on_with_what_was_begun(live: Stage, *, is_same: bool) -> None:
    live.cloud.vertex.next("DeployModel", steps=None)
    with live.cloud.counting() as asked:
        killed_while_deploying(live)
        assert "is being deployed" in str(live.status()["facts"])
        if not is_same:
            live.project.change("Another.")
        ends_after(live, looks=2)
        live.project.ok("deploy")
    live.cloud.operations.settle()
    assert live.serving == live.commits[-1]
    assert asked["EndpointService.DeployModel"] == (1 if is_same else 2)
    # What nobody went on with is not paid for any longer.
    assert live.commits[2] in live.cloud.vertex.deployed or not is_same
    assert is_same or live.commits[2] not in live.cloud.vertex.deployed
