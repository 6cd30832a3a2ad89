"""A deploy to App Service that is interrupted or killed, and what the next one finds."""

import json
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.call import Call
from tests.project import Run
from tests.targets.azure_webapp.faults import CONFIGURE, RECORD, REFERENCES, SWAP
from tests.targets.azure_webapp.stage import Stage
from tests.thorough import seldom


def deploy_until(stage: Stage, operation: str, sent: signal.Signals, after: int = 0) -> Run:
    """Deploy, and send a signal when an operation is asked for, which goes on as usual."""
    pid: list[int] = []

    def act(call: Call) -> None:
        os.kill(pid[0], sent)

    fault = stage.cloud.faults.on(operation, act, times=1, after=after)
    process = stage.project.popen("deploy", "--json")
    pid.append(process.pid)
    out, err = process.communicate(timeout=60)
    assert fault.hits == 1, err
    return Run(process.returncode, out, err)


def age_locks(stage: Stage, seconds: float) -> None:
    """Let all that is told of a lock's holder be that much older."""
    for side in (stage.app.production, stage.app.slot):
        for id, entry in side.kudu.entries.items():
            if id.startswith(("llmops-lock", "llmops-beat")):
                told = json.loads(entry["message"])
                at = datetime.fromisoformat(told["at"]) - timedelta(seconds=seconds)
                entry["message"] = json.dumps({**told, "at": at.isoformat()})


INTERRUPTED = [
    pytest.param(CONFIGURE, 0, id="while the slot is changed"),
    seldom(REFERENCES, 0, id="while secrets are awaited"),
    seldom(SWAP, 0, id="when the swap begins"),
    pytest.param("operation_result", 1, id="while it swaps"),
    seldom("web_apps_get_deployment", 2, id="before it swaps"),
]


@pytest.mark.parametrize(("operation", "after"), INTERRUPTED)
def test_an_interrupted_deploy_leaves_the_old_release_and_no_lock(
    live: Stage, operation: str, after: int
) -> None:
    second = live.commits[1]
    before = (live.app.slot.image, dict(live.app.slot.settings))
    run = deploy_until(live, operation, signal.SIGINT, after)
    assert run.status == 130, run.said
    assert live.app.serving == second
    assert live.error(run)["state"].startswith(f"{second} is serving at {live.app.url}")
    assert (live.app.slot.image, live.app.slot.settings) == before
    assert live.locks == []


def test_an_interrupted_deploy_in_place_puts_the_old_release_back(live_in_place: Stage) -> None:
    second = live_in_place.commits[1]
    before = dict(live_in_place.app.production.settings)
    operation = "web_apps_get_app_settings_key_vault_references"
    run = deploy_until(live_in_place, operation, signal.SIGINT)
    assert run.status == 130, run.said
    assert live_in_place.app.serving == second
    assert live_in_place.app.production.settings == before
    assert live_in_place.locks == []


KILLED = [
    pytest.param(CONFIGURE, 0, "old", id="before the slot is changed"),
    seldom(REFERENCES, 0, "old", id="when the slot is changed"),
    pytest.param("operation_result", 0, "new", id="while it swaps"),
    seldom(RECORD, 1, "new", id="before it is on record"),
]


@pytest.mark.parametrize(("operation", "after", "left"), KILLED)
def test_a_killed_deploy_is_taken_up_by_the_next_one(
    live: Stage, operation: str, after: int, left: str
) -> None:
    _first, second, third = live.commits
    run = deploy_until(live, operation, signal.SIGKILL, after)
    assert run.status == -signal.SIGKILL
    live.cloud.operations.settle()
    assert live.app.serving == (third if left == "new" else second)
    assert len(live.locks) == 2
    age_locks(live, 200)
    found = live.project.ok("deploy", "--json").document
    assert live.app.serving == third == found["release"]["id"]
    status = live.status()
    assert status["recorded"]["id"] == status["live"]["id"] == third
    assert status["trouble"] == ""
    assert live.locks == []


def take_lock(stage: Stage, **more: Any) -> None:
    """Take the lock, as a deploy on another machine does."""
    since = datetime.now(UTC).isoformat()
    who = {"owner": "ada", "command": "llmops deploy", "since": since, "process": 7, "host": "ci-7"}
    told = {"nonce": "theirs", "at": since, "holder": json.dumps(who), **more}
    for side in (stage.app.production, stage.app.slot):
        properties = {"status": 4, "message": json.dumps(told), "author": "ada", "deployer": "l"}
        side.kudu.put("llmops-lock", {"properties": properties})


@pytest.mark.parametrize("is_linux", [True, False])
def test_a_lock_that_is_held_is_told_with_its_holder(live: Stage, is_linux: bool) -> None:
    live.app.production.kudu.is_linux = is_linux
    take_lock(live)
    run, counted = live.project.llmops("deploy", "--json"), live.cloud.requests
    assert run.status == 6, run.said
    assert re.search(r"ada runs `llmops deploy` \(process 7 on ci-7\)", run.said)
    assert live.app.serving == live.commits[1]
    assert len(live.locks) == 2
    assert not [call for call in counted if call.operation in (CONFIGURE, SWAP)]


def test_a_beat_keeps_an_old_lock(live: Stage) -> None:
    take_lock(live)
    age_locks(live, 3600)
    now = {"nonce": "theirs", "at": datetime.now(UTC).isoformat()}
    properties = {"status": 4, "message": json.dumps(now), "author": "ada", "deployer": "l"}
    live.app.slot.kudu.put("llmops-beat-theirs-80", {"properties": properties})
    assert live.project.llmops("deploy", "--json").status == 6


def test_who_waits_gets_the_lock_when_it_is_free(live: Stage) -> None:
    take_lock(live)

    def free(call: Call) -> None:
        for side in (live.app.production, live.app.slot):
            side.kudu.entries.pop("llmops-lock", None)

    live.cloud.faults.on(RECORD, free, times=1, after=1)
    live.project.ok("deploy", "--lock-wait", "30")
    assert live.app.serving == live.commits[2]
