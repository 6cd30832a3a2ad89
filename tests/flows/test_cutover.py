"""Deploys and rollbacks under steady load: nothing is refused, reset or cut."""

import shutil

import pytest

from tests.load import loaded
from tests.project import Project

OPERATIONS = 4
CONNECTIONS = 32
STREAMS = 20
#: Numbers that a stream counts to, about 10 ms each: longer than a deploy takes.
TOKENS = 300


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_nothing_is_refused_reset_or_cut_while_releases_change_under_load(
    project: Project,
) -> None:
    project.ok("deploy")
    with loaded(project, connections=CONNECTIONS, streams=STREAMS, tokens=TOKENS) as load:
        for number in range(OPERATIONS // 2):
            project.change(f"Prompt {number}.")
            project.ok("deploy")
            project.ok("rollback")
    assert load.requests > 1000
    assert (load.bad, load.socket_errors, load.truncated) == (0, 0, [])
    assert load.streams >= STREAMS
