"""A connection that is lost, wherever a deploy is, costs nobody an answer.

The places come from a deploy itself: whatever it asks of a host, so a new question is covered
without anybody remembering it.
"""

import re

import pytest

from tests.hosts.cutting import MOMENTS, Cutter
from tests.hosts.host_project import HostProject
from tests.hosts.machines import needs_hosts
from tests.poller import polled
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(600)]


def test_a_connection_that_is_cut_at_any_question_leaves_one_release_and_a_true_report(
    deployed: HostProject, pytestconfig: pytest.Config
) -> None:
    cutter = Cutter(deployed.root / ".scratch" / "cutting")
    deployed.environment = {"PATH": cutter.path()}
    deployed.change("All that a deploy asks.")
    deployed.ok("deploy")
    asked = cutter.asked()
    # Before that it only looks.
    verbs = asked[asked.index("lock") :]
    assert {"lock", "write", "start", "promote", "settle"} <= set(verbs)
    wrong = []
    with polled(deployed.url, trust=deployed.trust) as answers:
        every = 1 if pytestconfig.getoption("--thorough") else 3
        for number, verb in list(enumerate(verbs))[::every]:
            moment = MOMENTS[number % len(MOMENTS)]
            wrong += [f"{moment} {verb}: {what}" for what in _cut(deployed, cutter, moment, verb)]
        deployed.ok("deploy")
        assert deployed.serving() == deployed.git("rev-parse", "HEAD")[:12]
    assert wrong == []
    assert answers.faults == []


def _cut(project: HostProject, cutter: Cutter, moment: str, verb: str) -> list[str]:
    """Deploy with the connection cut, and return what came of it that should not."""
    old = project.serving()
    new = project.change(f"{moment} {verb}")
    cutter.at(moment, verb)
    run = project.llmops("deploy")
    if not cutter.has_cut:
        return [f"it was not asked: {run.said}"]
    eventually(lambda: any(project.at_rest()))
    [left] = project.at_rest()
    serving = project.serving()
    found = [] if left == serving else [f"{left} runs and {serving} answers"]
    if serving not in (old, new) or (run.status == 0) != (serving == new):
        found.append(f"status {run.status}, and {serving} serves of {old} and {new}: {run.said}")
    if run.status not in (0, 4, 8, 9) or "Traceback" in run.said:
        found.append(f"status {run.status}: {run.said}")
    if run.status == 8 and not re.search(rf"{old}\b", run.said):
        found.append(f"it does not say that {old} serves: {run.said}")
    return found
