"""A deploy that is killed or interrupted, at every boundary of every step of its plan.

The cases come from the plan itself, so a new step is covered without anybody remembering it.
"""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.cli.output import Output
from llmops_cli.cli.project import open_project
from llmops_cli.cli.session import GlobalOptions, Session
from llmops_cli.core.plan import Phase
from llmops_cli.flows import deploy
from tests.poller import polled
from tests.project import Project, make_project
from tests.waiting import eventually

SECONDS = 60


def planned() -> list[Phase]:
    """The phase of each step of a deploy beside a live release, in order."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_project(Path(folder) / "chat")
        session = Session(GlobalOptions(directory=made.root), Output())
        _release, plan = deploy.plan(open_project(session, None), deploy.Options("plan"))
    return [step.phase for step in plan if step.title != "Start the supervisor"]


PHASES = planned()
MOMENTS = (("before", signal.SIGKILL), ("after", signal.SIGKILL), ("before", signal.SIGINT))
#: Each step is hit at one of the moments always, and at the others in a thorough run.
BOUNDARIES = [
    pytest.param(
        *(moment, number, sent),
        id=f"{sent.name}-{moment}-{number}-{phase}",
        marks=[] if place == number % len(MOMENTS) else [pytest.mark.thorough],
    )
    for number, phase in enumerate(PHASES, 1)
    for place, (moment, sent) in enumerate(MOMENTS)
]
#: The first step after which the new release stays, whatever happens to the command line.
SETTLED = PHASES.index(Phase.SETTLE) + 1


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a live release, handed from case to case."""
    made = make_project(tmp_path_factory.mktemp("faults") / "chat")
    made.ok("deploy")
    yield made
    made.close()


def hit(project: Project, moment: str, number: int, with_signal: signal.Signals) -> int:
    command = [sys.executable, "-m", "tests.deploy_until", str(project.root), moment]
    done = subprocess.run(
        [*command, str(number), str(int(with_signal))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode


def wait_until_one_release_runs(project: Project) -> str:
    """Wait until the supervisor has taken back or finished what was under way."""
    return eventually(lambda: the_only_release(project))


def the_only_release(project: Project) -> str:
    running = [found for found in project.supervisor()["instances"] if found["running"]]
    is_alone = len(running) == 1 and running[0]["role"] == "live"
    return str(running[0]["release"]) if is_alone else ""


@pytest.mark.parametrize(("moment", "number", "with_signal"), BOUNDARIES)
def test_the_address_answers_throughout_and_the_next_deploy_succeeds(
    serving: Project, moment: str, number: int, with_signal: signal.Signals
) -> None:
    old = serving.serving()
    new = serving.change(f"{moment} {number} {with_signal.name}")
    is_settled = number > SETTLED or (number == SETTLED and moment == "after")
    with polled(serving.url) as answers:
        status = hit(serving, moment, number, with_signal)
        left = wait_until_one_release_runs(serving)
    if with_signal is signal.SIGKILL:
        assert status == -signal.SIGKILL
    else:
        assert status == (0 if is_settled else 130)
    assert answers.faults == []
    assert set(answers.releases) <= {old, new}
    assert left == (new if is_settled else old)
    assert serving.serving() == left
    serving.ok("deploy")
    assert serving.serving() == new
    assert wait_until_one_release_runs(serving) == new
