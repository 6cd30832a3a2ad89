"""A server as a provider hands it out serves a verified release after two commands."""

from pathlib import Path

import pytest

from tests.hosts.machines import machines, needs_bare_host
from tests.waiting import eventually

pytestmark = [needs_bare_host, pytest.mark.timeout(300)]
CHANGED = (
    "find / -xdev -newer /etc/llmops-test/host_key -type f -path '/[eouv]*' -not -path '/var/log/*'"
)


def test_two_commands_lead_from_a_bare_host_to_a_verified_release(tmp_path: Path) -> None:
    with machines(tmp_path / "ssh", bare=True) as fleet:
        [machine] = fleet.machines
        project = fleet.project(tmp_path / "chat")
        release = project.git("rev-parse", "HEAD")[:12]
        before = machine.run("sh", "-c", CHANGED)
        planned = project.llmops("infra", "plan")
        assert "nginx" in planned.said
        assert "/etc/nginx/conf.d/demo.conf" in planned.said
        assert machine.run("sh", "-c", CHANGED) == before

        project.ok("infra", "apply", "--yes")
        deployed = project.ok("deploy")
        assert release in deployed.said
        assert project.serving() == release

        again = project.ok("infra", "apply", "--yes")
        assert "is as it should be" in again.said
        machine.reboot(hard=True)
        assert eventually(project.serving) == release

        project.ok("infra", "destroy", "--yes")
        left = machine.run("sh", "-c", "ls -d /opt/demo /etc/nginx/conf.d/demo.conf; :")
        assert left == ""
