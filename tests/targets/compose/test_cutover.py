"""Deploys and rollbacks of a stack under load: nothing is refused, reset or cut."""

import pytest

from tests.engines import needs_compose
from tests.load import is_possible, loaded
from tests.poller import polled
from tests.targets.compose.stack_project import StackProject

pytestmark = needs_compose
#: Numbers that a stream counts to, about 10 ms each: longer than the traffic takes to move.
TOKENS = 600


@pytest.mark.skipif(not is_possible(), reason="wrk is not installed")
def test_nothing_is_refused_reset_or_cut_while_releases_change_under_load(
    project: StackProject,
) -> None:
    project.ok("deploy")
    with loaded(project, connections=16, streams=10, tokens=TOKENS) as load:
        project.change("Another prompt.")
        project.ok("deploy")
        project.ok("rollback")
    assert load.requests > 200
    assert (load.bad, load.socket_errors, load.truncated) == (0, 0, [])
    assert load.streams >= 10


@pytest.mark.thorough
def test_the_answer_changes_once_per_deploy_over_new_and_over_kept_connections(
    project: StackProject,
) -> None:
    first = project.commit("Again")
    project.ok("deploy")
    with polled(project.url) as answers:
        second = project.change("Another prompt.")
        project.ok("deploy")
        project.ok("rollback")
    assert answers.faults == []
    assert set(answers.releases) == {first, second}
    assert answers.releases[0] == answers.releases[-1] == first
