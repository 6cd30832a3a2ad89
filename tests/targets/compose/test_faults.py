"""Whatever goes wrong, the release that was serving goes on; and the next deploy works."""

import json
import signal
import subprocess
import sys

import httpx2
import pytest

from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, put
from tests.engines import needs_compose
from tests.poller import polled
from tests.project import LLMOPS
from tests.targets.compose.stack_project import StackProject, docker
from tests.thorough import seldom
from tests.waiting import eventually

pytestmark = [needs_compose, pytest.mark.timeout(300)]
#: Steps of a deploy with a kept image: 1 build, 2 scan, 3 start, 4 wait, 5 check, 6 move, 7 ask.
MOVE = 6
KILL_THE_SERVER = """
import os, pathlib
for entry in pathlib.Path("/proc").glob("[0-9]*"):
    if int(entry.name) > 1 and b"llmops_cli.serve\\0" in (entry / "cmdline").read_bytes():
        os.kill(int(entry.name), 9)
"""


def deploy_until(
    project: StackProject, moment: str, step: int, number: int
) -> "subprocess.CompletedProcess[str]":
    words = ["-m", "tests.deploy_until", str(project.root), moment, str(step), str(number)]
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_a_release_that_does_not_come_up_is_undone_and_the_old_one_serves(
    deployed: StackProject,
) -> None:
    before = deployed.serving()
    text = (deployed.root / "llmops.toml").read_text()
    deployed.write("llmops.toml", text.replace("[api]", '[api]\nrouters = ["broken:router"]'))
    deployed.write("broken.py", "raise RuntimeError('as the test wants it')\n")
    deployed.commit("Sick")
    with polled(deployed.url) as answers:
        run = deployed.llmops("deploy")
    deployed.write("llmops.toml", text)
    deployed.commit("Well")
    assert run.status == 8, run.said
    assert "as the test wants it" in run.said
    assert (answers.faults, set(answers.releases)) == ([], {before})
    assert deployed.running() == {before}
    assert len(deployed.containers("api")) == 1
    assert deployed.containers("lock") == []


@pytest.mark.parametrize("step", [MOVE, seldom(3), seldom(MOVE + 1)])
def test_an_interrupted_deploy_leaves_the_old_release_serving(
    deployed: StackProject, step: int
) -> None:
    before = deployed.serving()
    deployed.change(f"Interrupted after step {step}.")
    with polled(deployed.url) as answers:
        run = deploy_until(deployed, "after", step, signal.SIGINT)
    assert run.returncode == 130, run.stdout + run.stderr
    assert answers.faults == []
    assert answers.releases[-1] == deployed.serving() == before
    assert deployed.containers("lock") == []
    assert deployed.llmops("status", "--json").document["trouble"] == ""


def test_after_a_killed_deploy_the_next_one_puts_things_in_order(deployed: StackProject) -> None:
    before = deployed.serving()
    killed = deployed.change("Killed after the traffic has moved.")
    assert deploy_until(deployed, "after", MOVE, signal.SIGKILL).returncode == -signal.SIGKILL
    assert deployed.serving() == killed
    assert "has not settled" in deployed.ok("status").said
    refused = deployed.llmops("deploy")
    assert refused.status == 6
    assert "llmops deploy" in refused.said
    age_the_lock(deployed)
    following = deployed.change("The next one.")
    with polled(deployed.url) as answers:
        deployed.ok("deploy")
    assert answers.faults == []
    assert answers.releases[-1] == following
    assert deployed.containers("lock") == []
    previous = deployed.llmops("status", "--json").document["previous"]
    assert previous == before


def test_of_two_deploys_at_once_one_is_told_who_holds_the_lock(deployed: StackProject) -> None:
    wanted = deployed.change("Twice at once.")
    runs = [deployed.popen("deploy") for _ in range(2)]
    said = ["".join(run.communicate(timeout=120)) for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 6], [0, 0]), said
    assert deployed.serving() == wanted
    assert len([c for c in deployed.containers("api") if c["State"]["Running"]]) >= 1


def test_a_gateway_that_is_restarted_comes_back_with_the_release_on_record(
    deployed: StackProject,
) -> None:
    before = deployed.serving()
    docker("restart", "--time", "1", deployed.gateway())
    assert eventually(deployed.serving) == before
    assert deployed.llmops("status", "--json").document["trouble"] == ""


def test_a_live_container_that_dies_comes_back_and_waiting_requests_are_answered(
    deployed: StackProject,
) -> None:
    live = deployed.container(deployed.serving())
    # What kills it dies with the container.
    killing = ["docker", "exec", live["Id"], "/venv/bin/python", "-c", KILL_THE_SERVER]
    subprocess.run(killing, capture_output=True, check=False)
    answer = httpx2.get(f"{deployed.url}/version", timeout=30)
    assert answer.status_code == 200
    eventually(lambda: deployed.container(answer.json()["release"])["RestartCount"] == 1)
    deployed.ok("status")


def test_a_deploy_says_that_no_engine_answers_and_touches_nothing(deployed: StackProject) -> None:
    done = subprocess.run(
        [*LLMOPS, "-C", str(deployed.root), "deploy", "--json"],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "preflight"
    assert "Traceback" not in done.stderr


def age_the_lock(project: StackProject) -> None:
    """Make the beat of a lock an old one, as it is half a minute after its holder was killed."""
    [lock] = project.containers("lock")
    put(Engine(), lock["Id"], "", [Entry("beat", b"2026-01-01T00:00:00+00:00")])
